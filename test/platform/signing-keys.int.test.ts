// The signing keys of several instances on one real database.
import { type KeyObject, createPublicKey, randomBytes, randomUUID } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { expect } from 'chai'
import jwt from 'jsonwebtoken'
import { listAuditEvents } from '../../db/audit/events.ts'
import { insertSigningKey, listSigningKeys } from '../../db/auth/signing-keys.ts'
import { defaultTokenTimes } from '../../domain/auth/token-times.ts'
import type { Db } from '../../db/database.ts'
import { AppError } from '../../domain/errors.ts'
import { createAccessTokens } from '../../platform/access-tokens.ts'
import { createPlatformKeys } from '../../platform/keys.ts'
import { createSigningKeys, makeSigningKey } from '../../platform/signing-keys.ts'
import { type TestDatabase, startTestDatabase } from '../support/database.ts'
import { countQueries } from '../support/sign-in-parts.ts'

const first = { id: '1', key: randomBytes(32) }
const second = { id: '2', key: randomBytes(32) }
const keys = createPlatformKeys([first])
const pemOf = (key: KeyObject | undefined) => key?.export({ type: 'spki', format: 'pem' })

describe('signing keys', () => {
  let database: TestDatabase
  before(async function () {
    this.timeout(60_000)
    database = await startTestDatabase()
  })
  beforeEach(() => database.db.execute('delete from signing_keys'))
  after(() => database.stop())

  /** A clock that a test sets, and a key set that reads it. */
  function instance(platformKeys = keys) {
    const clock = { ms: 1_000_000 }
    const { db } = database
    return { clock, ...createSigningKeys({ db, keys: platformKeys, now: () => clock.ms }) }
  }

  it('are one key when six instances start at once, and each accepts what another signs', async () => {
    const instances = Array.from({ length: 6 }, () => createSigningKeys({ db: database.open(), keys }))
    const signing = await Promise.all(instances.map((one) => one.current()))
    expect(new Set(signing.map(({ kid }) => kid)).size).to.equal(1)
    expect(await listSigningKeys(database.db)).to.have.length(1)
    const { token } = await createAccessTokens(instances[0] ?? instance()).issueAccessToken({
      userId: randomUUID(),
      sessionId: randomUUID(),
    })
    const key = await instances[5]?.publicKey(signing[0]?.kid ?? '')
    expect(jwt.verify(token, key ?? '', { algorithms: ['ES256'], issuer: 'cdsa' })).to.be.an('object')
  })

  it('are published by their public half alone, under their thumbprint (RFC 7638)', async () => {
    const one = instance()
    const { kid } = await one.current()
    const { keys: published } = await one.jwks()
    expect(published).to.have.length(1)
    const [jwk] = published
    expect(jwk).to.have.all.keys('kid', 'use', 'alg', 'kty', 'crv', 'x', 'y')
    expect(jwk).to.include({ kid, use: 'sig', alg: 'ES256', kty: 'EC', crv: 'P-256' })
    expect(createPublicKey({ key: { ...jwk }, format: 'jwk' }).export({ type: 'spki', format: 'pem' })).to.equal(
      pemOf(await one.publicKey(kid)),
    )
  })

  it('lie in the database sealed', async () => {
    const { privateKey } = await instance().current()
    const [stored] = await listSigningKeys(database.db)
    const scalar = Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url')
    expect(scalar).to.have.length(32)
    expect(stored?.wrappedPrivateKey.includes(scalar)).to.equal(false)
    expect(stored?.platformKeyId).to.equal('1')
  })

  it('are told to the audit log when they are made, without a word of their private half', async () => {
    const { kid } = await instance().current()
    const { data } = await listAuditEvents(database.db, { resourceId: kid }, { limit: 5 })
    expect(data.map(({ leaf }) => [leaf.action, leaf.actor.type, leaf.details])).to.deep.equal([
      ['signing_key.create', 'system', { platformKeyId: '1' }],
    ])
  })

  it('of another instance are found at once when a token names them', async () => {
    const one = instance()
    await one.current()
    const added = makeSigningKey(keys)
    await insertSigningKey(database.db, { ...added, rotationId: null, signsInSeconds: 0 })
    expect(pemOf(await one.publicKey(added.id))).to.equal(added.publicKey)
  })

  it('of another instance are found by who asks while an older load, which misses them, is under way', async () => {
    const { db } = database
    const steps = new EventEmitter()
    const [read, goOn] = [once(steps, 'read'), once(steps, 'go on')]
    const slow: Db = {
      ...db,
      query: async <Row extends object>(sql: string, bind?: readonly unknown[]) => {
        const rows = await db.query<Row>(sql, bind)
        steps.emit('read')
        await goOn
        return rows
      },
    }
    await instance().current()
    const one = createSigningKeys({ db: slow, keys })
    const older = one.jwks()
    await read
    const added = makeSigningKey(keys)
    await insertSigningKey(db, { ...added, rotationId: null, signsInSeconds: 0 })
    const asked = one.publicKey(added.id)
    steps.emit('go on')
    expect((await older).keys.map(({ kid }) => kid)).not.to.include(added.id)
    expect(pemOf(await asked)).to.equal(added.publicKey)
  })

  it('of a rotation are in the JWKS without signing until their moment comes, and then sign without a load', async () => {
    const one = instance()
    const old = await one.current()
    const added = makeSigningKey(keys)
    await insertSigningKey(database.db, { ...added, rotationId: null, signsInSeconds: null })
    one.clock.ms += 30_000
    expect((await one.jwks()).keys.map(({ kid }) => kid)).to.deep.equal([old.kid])
    expect(await one.publicKey(added.id)).to.equal(undefined)
    await database.db.execute('update signing_keys set published_at = now() where id = $1', [added.id])
    one.clock.ms += 30_000
    expect((await one.jwks()).keys.map(({ kid }) => kid)).to.have.members([old.kid, added.id])
    expect((await one.current()).kid).to.equal(old.kid)
    await database.db.execute(`update signing_keys set signs_from = now() + interval '20 s' where id = $1`, [added.id])
    one.clock.ms += 30_000
    expect((await one.current()).kid).to.equal(old.kid)
    one.clock.ms += 10_000
    expect((await one.current()).kid).to.equal(old.kid)
    one.clock.ms += 10_100
    const queries = await countQueries(database.db, async () => {
      expect((await one.current()).kid).to.equal(added.id)
    })
    expect(queries).to.equal(0)
  })

  it('that are retired don’t come back by the answer to an unknown one', async () => {
    const clock = { ms: 1_000_000 }
    const times = { ...defaultTokenTimes, jwksMaxAgeSeconds: 2 }
    const one = createSigningKeys({ db: database.db, keys, times, now: () => clock.ms })
    const { kid } = await one.current()
    expect(await one.publicKey(randomBytes(32).toString('base64url'))).to.equal(undefined)
    await database.db.execute('update signing_keys set retired_at = now()')
    clock.ms += 2_000
    expect(await one.publicKey(kid)).to.equal(undefined)
  })

  it('that don’t exist cause one query in five seconds, however many tokens name them', async () => {
    const one = instance()
    const { kid } = await one.current()
    one.clock.ms += 6_000
    const made = () => randomBytes(32).toString('base64url')
    const queries = await countQueries(database.db, async () => {
      const found = await Promise.all(Array.from({ length: 50 }, () => one.publicKey(made())))
      expect(found.every((key) => key === undefined)).to.equal(true)
      for (let asked = 0; asked < 50; asked += 1) await one.publicKey(made())
    })
    expect(queries).to.equal(1)
    expect(await countQueries(database.db, () => one.publicKey(kid))).to.equal(0)
  })

  it('are refused once they are retired, half a minute later at the latest', async () => {
    const one = instance()
    const { kid } = await one.current()
    await database.db.execute('update signing_keys set retired_at = now()')
    one.clock.ms += 30_000
    expect(await one.publicKey(kid)).to.equal(undefined)
    expect((await one.current()).kid).not.to.equal(kid)
    expect((await one.jwks()).keys.map((key) => key.kid)).to.deep.equal([(await one.current()).kid])
  })

  it('come new with a new platform key, and sign once every copy of the JWKS may be trusted to hold them', async () => {
    const other = instance()
    const old = await other.current()
    const renewed = instance(createPlatformKeys([second, first]))
    expect((await renewed.current()).kid).to.equal(old.kid)
    const published = (await renewed.jwks()).keys.map(({ kid }) => kid)
    expect(published).to.have.length(2).and.to.include(old.kid)
    const added = published.find((kid) => kid !== old.kid) ?? ''
    // At once in another instance, too, whose set is young.
    expect(await other.publicKey(added)).not.to.equal(undefined)
    const [waits] = await database.db.query<{ seconds: number }>(
      'select extract(epoch from signs_from - published_at)::float8 as seconds from signing_keys where id = $1',
      [added],
    )
    expect(waits?.seconds).to.equal(330)
    await database.db.execute('update signing_keys set signs_from = now() where id = $1', [added])
    renewed.clock.ms += 30_000
    expect((await renewed.current()).kid).to.equal(added)
    expect(await renewed.publicKey(old.kid)).not.to.equal(undefined)
    expect(await listSigningKeys(database.db)).to.have.length(2)
  })

  it('come new with a new platform key, and sign at once where the old one isn’t there any more', async () => {
    const other = instance()
    const old = await other.current()
    const renewed = instance(createPlatformKeys([second]))
    const { kid } = await renewed.current()
    expect(kid).not.to.equal(old.kid)
    expect(await other.publicKey(kid)).not.to.equal(undefined)
    expect(await renewed.publicKey(old.kid)).not.to.equal(undefined)
  })

  it('that wait sign at once where an instance has nothing else to sign with', async () => {
    await instance().current()
    const published = (await instance(createPlatformKeys([second, first])).jwks()).keys.map(({ kid }) => kid)
    const { kid } = await instance(createPlatformKeys([second])).current()
    expect(published).to.include(kid)
    expect(await listSigningKeys(database.db)).to.have.length(2)
  })

  it('aren’t replaced when the platform key is a wrong one of the same id: that is said instead', async () => {
    await instance().current()
    const wrong = instance(createPlatformKeys([{ id: '1', key: second.key }]))
    const failure = await wrong.current().then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(failure).to.be.instanceOf(AppError).with.property('code', 'internal')
    expect((failure as AppError).detail).to.match(/platform key 1/)
    expect(await listSigningKeys(database.db)).to.have.length(1)
  })

  it('are asked for again after a failure', async () => {
    const one = instance()
    await database.owner.execute('alter table signing_keys rename to hidden_keys')
    const failed = await one.current().then(
      () => false,
      () => true,
    )
    await database.owner.execute('alter table hidden_keys rename to signing_keys')
    expect(failed).to.equal(true)
    expect((await one.current()).kid).to.be.a('string')
  })
})
