// The wrong master key: the vault says so, naming both, and writes nothing, while everything else goes on.
import { expect } from 'chai'
import { keyRoutes } from '../../../api/vault/key-routes.ts'
import { secretRoutes } from '../../../api/vault/secret-routes.ts'
import { versionRoutes } from '../../../api/vault/version-routes.ts'
import { findVaultKeys, retireVaultKeys } from '../../../db/vault/keys.ts'
import { getStoredVersion } from '../../../db/vault/version-rows.ts'
import type { ApiClient } from '../../support/api-client.ts'
import { appErrorOf } from '../../support/app-error-of.ts'
import { type TestDatabase, startTestDatabase } from '../../support/database.ts'
import { type SignInServer, startSignInServer } from '../../support/sign-in-server.ts'
import { makeSecret, newMasterKey, putValues, sealNext, vaultOf } from '../../support/vault-parts.ts'

const right = newMasterKey('right')
const sameId = newMasterKey('right')
const other = newMasterKey('other')

const tables = ['vault_keys', 'secrets', 'secret_versions', 'secret_labels', 'secret_access_log']

describe('a vault under the wrong key', () => {
  for (const [what, wrong, named] of [
    ['another key under the same id', sameId, ['“right”']],
    ['a key under another id', other, ['“right”', '“other”']],
  ] as const) {
    describe(`that is ${what}`, () => {
      let server: SignInServer
      let operator: ApiClient
      let secretId: string
      before(async function () {
        this.timeout(60_000)
        server = await startSignInServer({
          routes: [...secretRoutes, ...versionRoutes, ...keyRoutes],
          extend: async (db) => {
            const vault = await vaultOf(db, right)
            secretId = await makeSecret({ db })
            await putValues({ db, vault }, secretId, 'value')
            return { vault: await vaultOf(db, wrong) }
          },
        })
        operator = await server.clientWith('operator')
      })
      after(() => server?.stop())

      const dump = async (): Promise<unknown[]> =>
        Promise.all(
          tables.map((table) =>
            server.database.owner.query(
              `select md5(coalesce(string_agg(t::text, '|' order by t::text), '')) as hash from ${table} t`,
            ),
          ),
        )

      it('[V12] is sealed: every route is 503, names both keys, and writes nothing', async () => {
        const before = await dump()
        const url = `/vault/secrets/${secretId}`
        const reads = ['/vault/secrets', url, `${url}/value`, `${url}/versions`, `${url}/access-log`]
        const writes = [
          'restore',
          'purge',
          'versions',
          'versions/1/delete',
          'versions/1/undelete',
          'versions/1/destroy',
        ]
        const answers = [
          ...(await Promise.all(reads.map((path) => operator.get(path)))),
          ...(await Promise.all(
            writes.map((path) => operator.post(`${url}/${path}`, path === 'versions' ? { value: 'x' } : undefined)),
          )),
          await operator.post('/vault/secrets', { path: 'new', value: 'x' }),
          await operator.request('PATCH', url, { body: { description: 'x' } }),
          await operator.request('DELETE', url),
          await operator.post('/vault/keys/rotate'),
          await operator.post('/vault/keys/rewrap'),
        ]
        for (const { status, body } of answers) {
          expect([status, body['code']], JSON.stringify(body)).to.deep.equal([503, 'vault.sealed'])
          for (const name of named) expect(body['detail']).to.include(name)
        }
        expect(await dump()).to.deep.equal(before)
      })

      it('[V12] says in its status what it was sealed with and what is configured', async () => {
        const { status, body } = await operator.get('/vault/status')
        expect([status, body['sealed'], body['keyId'], body['configuredKeyId']]).to.deep.equal([
          200,
          true,
          'right',
          wrong.split(':')[0],
        ])
        expect(body['kcv'])
          .to.match(/^[0-9a-f]{12}$/)
          .and.not.to.equal(body['configuredKcv'])
      })

      it('[V12] locks nobody out of the rest', async () => {
        expect((await operator.get('/auth/me')).status).to.equal(200)
        expect((await server.clientWith('admin')).token).to.be.a('string')
      })
    })
  }
})

describe('the vault’s keys', () => {
  let database: TestDatabase
  beforeEach(async function () {
    this.timeout(60_000)
    database = await startTestDatabase()
  })
  afterEach(() => database?.stop())

  it('are recorded once, by one of many processes that start together', async () => {
    const [db, ...more] = [database.db, database.open(), database.open(), database.open()]
    const [a, b] = [newMasterKey('a'), newMasterKey('b')]
    const vaults = await Promise.all([db, ...more].map((one, index) => vaultOf(one, index % 2 === 0 ? a : b)))
    const states = await Promise.all(
      vaults.map((vault) =>
        vault.requireOpen().then(
          () => 'open',
          ({ code }) => code,
        ),
      ),
    )
    const keys = await findVaultKeys(db)
    expect(keys).to.have.length(1)
    const mine = (index: number): boolean => (index % 2 === 0 ? 'a' : 'b') === keys[0]?.id
    expect(states).to.deep.equal(states.map((_, index) => (mine(index) ? 'open' : 'vault.sealed')))
  })

  it('are compared again at every write: a process with another key of that id can’t seal', async () => {
    const { db } = database
    const vault = await vaultOf(db, right)
    const secretId = await makeSecret({ db })
    await putValues({ db, vault }, secretId, 'v')
    await database.owner.execute(`update vault_keys set kcv = '000000000000'`)
    const error = await appErrorOf(db.transaction((tx) => sealNext({ db: tx, vault }, secretId, 'w')))
    expect(error.code).to.equal('vault.sealed')
    expect((await appErrorOf(vault.requireOpen())).code).to.equal('vault.sealed')
  })

  it('take a new first one of the configuration into use, but never go back to one that was used before', async () => {
    const { db } = database
    const [old, next] = [newMasterKey('old'), newMasterKey('new')]
    await (await vaultOf(db, old)).requireOpen()
    const both = await vaultOf(db, next, old)
    expect(await both.status()).to.include({ sealed: false, keyId: 'new' })
    const behind = await vaultOf(db, old, next)
    expect(await behind.status()).to.include({ sealed: false, keyId: 'new', configuredKeyId: 'old' })
    expect((await appErrorOf(db.transaction((tx) => both.rotateKey(tx)))).code).to.equal('vault.key_unchanged')
    expect(await db.transaction((tx) => behind.rotateKey(tx))).to.include({ id: 'old' })
    expect(await (await vaultOf(db, next)).status()).to.include({ sealed: true, keyId: 'old' })
  })

  it('[V15] may be taken away once they are retired, and not before', async () => {
    const { db } = database
    const [old, next] = [newMasterKey('old'), newMasterKey('new')]
    const secretId = await makeSecret({ db })
    const version = await putValues({ db, vault: await vaultOf(db, old) }, secretId, 'kept')
    await (await vaultOf(db, next, old)).requireOpen()
    expect(await db.transaction((tx) => retireVaultKeys(tx))).to.deep.equal([])
    const early = await vaultOf(db, next)
    expect((await appErrorOf(early.requireOpen())).detail).to.include('“old”')
    const row = await getStoredVersion(db, { secretId, version })
    expect((await appErrorOf(early.open(row))).code).to.equal('vault.sealed')
  })
})
