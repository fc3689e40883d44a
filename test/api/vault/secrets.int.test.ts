// The vault over HTTP, on a real database: what is written, by whom it is read, and what is refused.
import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import { secretRoutes } from '../../../api/vault/secret-routes.ts'
import { versionRoutes } from '../../../api/vault/version-routes.ts'
import { setManaged } from '../../../db/vault/secrets.ts'
import type { ApiClient } from '../../support/api-client.ts'
import { type SignInServer, startSignInServer } from '../../support/sign-in-server.ts'
import { newMasterKey, vaultOf } from '../../support/vault-parts.ts'

describe('routes of secrets', () => {
  let server: SignInServer
  let operator: ApiClient & { readonly userId: string }
  before(async function () {
    this.timeout(60_000)
    server = await startSignInServer({
      routes: [...secretRoutes, ...versionRoutes],
      extend: async (db) => ({ vault: await vaultOf(db, newMasterKey('a')) }),
    })
    operator = await server.clientWith('operator')
  })
  after(() => server?.stop())

  async function create(given: Record<string, unknown> = {}): Promise<{ id: string; path: string; url: string }> {
    const path = `test/${randomUUID()}`
    const { status, body } = await operator.post('/vault/secrets', { path, value: 'first', ...given })
    expect(status, JSON.stringify(body)).to.equal(201)
    return { id: body['secret'].id, path, url: `/vault/secrets/${body['secret'].id}` }
  }
  const countOf = async (table: string, secretId: string): Promise<number> => {
    const sql = `select count(*)::int as count from ${table} where secret_id = $1`
    const [row] = await server.database.owner.query<{ count: number }>(sql, [secretId])
    return row?.count ?? -1
  }
  const put = (url: string, body: unknown) => operator.post(`${url}/versions`, body)
  const codeOf = (answer: { status: number; body: Record<string, unknown> }) => [answer.status, answer.body['code']]

  it('show everything of a secret but its value', async () => {
    const { id, path, url } = await create({
      tags: ['db', 'db'],
      destinations: ['https://API.example.org/'],
      maxVersions: 5,
    })
    const { secret } = (await operator.get(url)).body
    expect(secret).to.include({ id, path, currentVersion: 1, maxVersions: 5, managed: false, deletedAt: null })
    expect(secret).to.deep.include({ tags: ['db'], destinations: ['https://api.example.org'], labels: { CURRENT: 1 } })
    expect(secret.createdBy).to.equal(operator.userId)
    const put2 = await put(url, { value: 'second' })
    expect(put2.status).to.equal(201)
    expect(put2.body['version']).to.include({ version: 2, state: 'active' })
    expect(put2.body['secret']).to.deep.include({ currentVersion: 2, labels: { CURRENT: 2, PREVIOUS: 1 } })
    const versions = (await operator.get(`${url}/versions?limit=1`)).body
    expect([versions['data'][0].version, versions['hasMore'], versions['nextCursor']]).to.deep.equal([2, true, '2'])
    expect((await operator.get(`${url}/versions?after=2`)).body['data'][0].labels).to.deep.equal(['PREVIOUS'])
  })

  it('give the value of a version or a label, out of every cache', async () => {
    const { url } = await create()
    await put(url, { value: 'second ä\u{1F600}' })
    const current = await operator.get(`${url}/value`)
    expect(current.body).to.deep.equal({ value: 'second ä\u{1F600}', version: 2, labels: ['CURRENT'] })
    expect(current.headers.get('cache-control')).to.equal('no-store')
    expect((await operator.get(`${url}/value?version=1`)).body['value']).to.equal('first')
    expect((await operator.get(`${url}/value?label=PREVIOUS`)).body['version']).to.equal(1)
    expect(codeOf(await operator.get(`${url}/value?label=PENDING`))).to.deep.equal([404, 'secret.no_value'])
    expect(codeOf(await operator.get(`${url}/value?version=9`))).to.deep.equal([404, 'secret.no_value'])
    expect((await operator.get(`${url}/value?version=1&label=CURRENT`)).status).to.equal(400)
  })

  it('[V1] write nothing for a stale cas', async () => {
    const { id, url } = await create()
    await put(url, { value: 'second', cas: 1 })
    const stale = await put(url, { value: 'third', cas: 1 })
    expect(codeOf(stale)).to.deep.equal([409, 'secret.cas_mismatch'])
    expect(await countOf('secret_versions', id)).to.equal(2)
    expect((await operator.get(`${url}/value`)).body['value']).to.equal('second')
    expect((await operator.get(url)).body['secret'].labels).to.deep.equal({ CURRENT: 2, PREVIOUS: 1 })
    expect((await put(url, { value: 'third', cas: 2 })).body['version'].version).to.equal(3)
  })

  it('[V2] let one of 50 concurrent writers with the same cas win', async function () {
    this.timeout(60_000)
    const { id, url } = await create()
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => put(url, { value: `w${index}`, cas: 1 })),
    )
    const winners = answers.flatMap(({ status }, index) => (status === 201 ? [index] : []))
    expect(winners).to.have.length(1)
    expect(answers.filter(({ status }) => status === 409)).to.have.length(49)
    expect(await countOf('secret_versions', id)).to.equal(2)
    expect((await operator.get(`${url}/value`)).body['value']).to.equal(`w${winners[0]}`)
  })

  it('[V3] refuse cas=0 where there is a value, and a second secret at a path', async () => {
    const { id, path, url } = await create()
    expect(codeOf(await put(url, { value: 'x', cas: 0 }))).to.deep.equal([409, 'secret.cas_mismatch'])
    expect(codeOf(await operator.post('/vault/secrets', { path, value: 'x' }))).to.deep.equal([
      409,
      'secret.path_taken',
    ])
    expect(await countOf('secret_versions', id)).to.equal(1)
    expect((await operator.get(`${url}/value`)).body['value']).to.equal('first')
  })

  it('[V4] [V5] delete, undelete and destroy a version', async () => {
    const { url } = await create()
    expect((await operator.post(`${url}/versions/1/delete`)).body['version'].state).to.equal('deleted')
    expect(codeOf(await operator.get(`${url}/value`))).to.deep.equal([404, 'secret.no_value'])
    expect((await operator.post(`${url}/versions/1/undelete`)).body['version'].state).to.equal('active')
    expect((await operator.get(`${url}/value`)).body).to.deep.equal({ value: 'first', version: 1, labels: ['CURRENT'] })
    expect((await operator.post(`${url}/versions/1/destroy`)).body['version'].state).to.equal('destroyed')
    const undelete = await operator.post(`${url}/versions/1/undelete`)
    expect(codeOf(undelete)).to.deep.equal([409, 'secret.version_destroyed'])
    expect(codeOf(await operator.get(`${url}/value`))).to.deep.equal([404, 'secret.no_value'])
    expect((await operator.post(`${url}/versions/7/destroy`)).status).to.equal(404)
  })

  it('delete a secret softly, restore it, and purge it only in a second step', async () => {
    const { id, path, url } = await create()
    expect(codeOf(await operator.post(`${url}/purge`))).to.deep.equal([409, 'secret.not_deleted'])
    expect((await operator.request('DELETE', url)).status).to.equal(204)
    expect(codeOf(await operator.get(`${url}/value`))).to.deep.equal([404, 'secret.no_value'])
    expect(codeOf(await put(url, { value: 'x' }))).to.deep.equal([409, 'secret.deleted'])
    expect(codeOf(await operator.post('/vault/secrets', { path, value: 'x' }))).to.deep.equal([
      409,
      'secret.path_taken',
    ])
    expect((await operator.post(`${url}/restore`)).body['secret'].deletedAt).to.equal(null)
    expect((await operator.get(`${url}/value`)).body['value']).to.equal('first')
    await operator.request('DELETE', url)
    expect((await operator.post(`${url}/purge`)).status).to.equal(204)
    for (const table of ['secret_versions', 'secret_labels', 'secret_access_log'])
      expect(await countOf(table, id)).to.equal(0)
    expect((await operator.get(url)).status).to.equal(404)
    expect((await operator.post('/vault/secrets', { path, value: 'again' })).status).to.equal(201)
  })

  it('[V7] leave all of a secret or nothing when a purge is cut off', async function () {
    this.timeout(60_000)
    const { owner } = server.database
    // One that fails in the middle: the versions are gone by then, the access log isn't.
    await owner.sequelize.query(
      `create or replace function refuse_purge() returns trigger language plpgsql as $$ begin raise exception 'cut off'; end $$`,
    )
    const { id, url } = await create()
    await put(url, { value: 'second' })
    await operator.get(`${url}/value`)
    await operator.request('DELETE', url)
    await owner.execute(
      'create trigger cut before delete on secret_access_log for each row execute function refuse_purge()',
    )
    expect((await operator.post(`${url}/purge`)).status).to.equal(500)
    await owner.execute('drop trigger cut on secret_access_log')
    await owner.execute('drop function refuse_purge()')
    await operator.post(`${url}/restore`)
    expect((await operator.get(`${url}/value?version=1`)).body['value']).to.equal('first')
    expect((await operator.get(`${url}/value`)).body['value']).to.equal('second')
    expect(await countOf('secret_access_log', id)).to.equal(3)
    // Clients that go away at any moment of it.
    const outcomes = new Set<string>()
    for (let waitMs = 0; waitMs < 24; waitMs += 1) {
      const one = await create()
      await operator.request('DELETE', one.url)
      const signal = AbortSignal.timeout(waitMs)
      const headers = { authorization: `Bearer ${operator.token}` }
      await fetch(`${server.url}/api/v1${one.url}/purge`, { method: 'POST', headers, signal }).catch(() => undefined)
      const { status } = await operator.post(`${one.url}/restore`)
      const versions = await countOf('secret_versions', one.id)
      const labels = await countOf('secret_labels', one.id)
      // The purge may still be on its way when the restore is answered: what counts is that nothing is half.
      expect([versions, labels], String(status)).to.be.deep.oneOf([
        [0, 0],
        [1, 1],
      ])
      outcomes.add(versions === 0 ? 'purged' : 'whole')
      if (versions === 1) expect((await operator.get(`${one.url}/value`)).body['value']).to.equal('first')
    }
    expect(outcomes.has('purged')).to.equal(true)
  })

  it('have who was given a value on record, newest first', async () => {
    const { url } = await create()
    const reader = await server.clientWith('operator')
    await operator.get(`${url}/value`)
    const { headers } = await reader.get(`${url}/value?version=1`)
    const { data } = (await operator.get(`${url}/access-log`)).body
    expect(data).to.have.length(2)
    expect(data[0]).to.include({ actorId: reader.userId, actorType: 'user', purpose: 'secret.read', version: 1 })
    expect(data[0].requestId).to.equal(headers.get('x-request-id'))
    expect(data[1].actorId).to.equal(operator.userId)
  })

  for (const table of ['secret_access_log', 'audit_events']) {
    it(`[A1] answer 503 and read nothing when no row can be added to ${table}`, async () => {
      const { id, url } = await create()
      const { owner } = server.database
      await owner.execute(
        `create function refuse_insert() returns trigger language plpgsql as 'begin raise exception ''no space''; end'`,
      )
      await owner.execute(
        `create trigger refuse_insert before insert on ${table} for each row execute function refuse_insert()`,
      )
      try {
        const answer = await operator.get(`${url}/value`)
        expect(codeOf(answer)).to.deep.equal([503, 'vault.access_unlogged'])
        expect(JSON.stringify(answer.body)).not.to.include('first')
      } finally {
        await owner.execute('drop function refuse_insert() cascade')
      }
      expect(await countOf('secret_access_log', id)).to.equal(0)
      expect((await operator.get(`${url}/value`)).body['value']).to.equal('first')
    })
  }

  it('record an access before they read: a value that then fails to open is on record', async () => {
    const { id, url } = await create()
    await server.database.owner.execute(
      `update secret_versions set ciphertext = set_byte(ciphertext, 30, get_byte(ciphertext, 30) # 1) where secret_id = $1`,
      [id],
    )
    const answer = await operator.get(`${url}/value`)
    expect(codeOf(answer)).to.deep.equal([500, 'internal'])
    expect(await countOf('secret_access_log', id)).to.equal(1)
  })

  it('refuse manual put, delete and destroy of a managed secret', async () => {
    const { id, url } = await create()
    await setManaged(server.database.db, id, true)
    const refused = [
      await put(url, { value: 'x' }),
      await operator.request('DELETE', url),
      await operator.post(`${url}/versions/1/delete`),
      await operator.post(`${url}/versions/1/destroy`),
    ]
    for (const answer of refused) expect(codeOf(answer)).to.deep.equal([409, 'secret.managed'])
    expect((await operator.get(`${url}/value`)).body['value']).to.equal('first')
    expect((await operator.request('PATCH', url, { body: { description: 'Of the database' } })).status).to.equal(200)
  })

  it('make one version of a repeated request, and keep no answer that could hold a value', async () => {
    const { id, url } = await create()
    const key = { 'idempotency-key': randomUUID() }
    const first = await operator.post(`${url}/versions`, { value: 'second' }, key)
    const again = await operator.post(`${url}/versions`, { value: 'second' }, key)
    expect(codeOf(again)).to.deep.equal([409, 'idempotency.already_done'])
    expect(again.body['resourceId']).to.equal(first.body['version'].id)
    expect(await countOf('secret_versions', id)).to.equal(2)
    const other = await operator.post(`${url}/versions`, { value: 'third' }, key)
    expect(other.status).to.equal(422)
    const rows = await server.database.owner.query('select response_body as body from idempotency_keys')
    expect(rows).to.deep.equal([{ body: null }])
  })

  it('list by the beginning of the path and by tag, literally', async () => {
    const folder = `list_${randomUUID().slice(0, 8)}`
    const made = ['a', 'b', 'c'].map((name) => `${folder}/${name}`)
    for (const path of made) await create({ path, tags: path.endsWith('b') ? ['red'] : ['red', `only-${folder}`] })
    const paths = async (query: string) =>
      (await operator.get(`/vault/secrets?${query}`)).body['data'].map(({ path }: { path: string }) => path)
    expect(await paths(`prefix=${folder}/`)).to.deep.equal(made.toReversed())
    expect(await paths(`prefix=${folder}/b`)).to.deep.equal([made[1]])
    expect(await paths(`tag=only-${folder}`)).to.deep.equal([made[2], made[0]])
    expect(await paths(`tag=only-${folder}&prefix=${folder}/a`)).to.deep.equal([made[0]])
    expect(await paths(`prefix=${folder.replace('_', '%25')}`)).to.deep.equal([])
    const first = (await operator.get(`/vault/secrets?prefix=${folder}&limit=2`)).body
    expect(await paths(`prefix=${folder}&after=${first['nextCursor']}`)).to.deep.equal([made[0]])
    const [gone] = first['data']
    await operator.request('DELETE', `/vault/secrets/${gone.id}`)
    expect(await paths(`prefix=${folder}&deleted=true`)).to.deep.equal([gone.path])
    expect(await paths(`prefix=${folder}`)).to.deep.equal([made[1], made[0]])
  })

  it('are nobody’s without the permission', async () => {
    const { url } = await create()
    const user = await server.clientWith('user')
    const auditor = await server.clientWith('auditor')
    for (const client of [user, auditor]) {
      for (const path of ['/vault/secrets', url, `${url}/value`, `${url}/versions`, `${url}/access-log`])
        expect((await client.get(path)).status, path).to.equal(403)
      for (const path of ['/vault/secrets', `${url}/versions`, `${url}/purge`, `${url}/versions/1/destroy`])
        expect((await client.post(path, { path: 'x', value: 'x' })).status, path).to.equal(403)
    }
  })

  it('don’t repeat what was sent in the wrong place', async () => {
    const canary = `canary-${randomUUID()}`
    const { url } = await create()
    const refused = [
      await operator.post('/vault/secrets', { path: canary.concat(' #'), value: canary, nonsense: canary }),
      await put(url, { value: canary, cas: -1 }),
      await put(url, { value: canary.repeat(2_000) }),
      await put(url, { value: [canary] }),
      await operator.request('POST', `${url}/versions`, {
        raw: `{"value":"${canary}"`,
        headers: { 'content-type': 'application/json' },
      }),
    ]
    for (const answer of refused) {
      expect(answer.status).to.be.oneOf([400, 413, 422])
      expect(JSON.stringify(answer.body)).not.to.include(canary.slice(7))
    }
    expect(server.parts.lines.join('\n')).not.to.include(canary.slice(7))
  })
})
