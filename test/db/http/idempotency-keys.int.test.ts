import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import {
  type HeldClaim,
  type NewClaim,
  claimIdempotencyKey,
  claimSeconds,
  completeIdempotencyKey,
  keptHours,
  purgeIdempotencyKeys,
  releaseIdempotencyKey,
} from '../../../db/http/idempotency-keys.ts'
import { newId } from '../../../db/ids.ts'
import { type TestDatabase, startTestDatabase } from '../../support/database.ts'

const request = (fields: Partial<NewClaim> = {}): NewClaim => ({
  principal: 'u1',
  route: 'POST /api/v1/chats',
  key: randomUUID(),
  fingerprint: Buffer.from('one request'),
  resourceId: newId(),
  ...fields,
})
const otherFingerprint = Buffer.from('another request')

describe('idempotency keys', () => {
  let database: TestDatabase
  const claim = (wanted: NewClaim) => claimIdempotencyKey(database.db, wanted)

  async function claimed(wanted: NewClaim): Promise<HeldClaim> {
    const result = await claim(wanted)
    if (result.state !== 'claimed') throw new Error(`the claim is ${result.state}`)
    return result.claim
  }
  /** As if the claim had been made so long ago. */
  async function age(key: string, seconds: number): Promise<void> {
    await database.owner.execute(
      `update idempotency_keys set created_at = created_at - make_interval(secs => $2),
         locked_until = locked_until - make_interval(secs => $2) where key = $1`,
      [key, seconds],
    )
  }

  before(async function () {
    this.timeout(120_000)
    database = await startTestDatabase()
  })
  after(() => database.stop())

  it('are claimed once, by whoever comes first', async () => {
    const wanted = request()
    const held = await claimed(wanted)
    expect(held.resourceId).to.equal(wanted.resourceId)
    expect(await claim({ ...wanted, resourceId: newId() })).to.deep.equal({ state: 'in-flight' })
    expect(await claim({ ...wanted, fingerprint: otherFingerprint })).to.deep.equal({ state: 'mismatch' })
  })

  it('give one claim to many at once', async () => {
    const wanted = request()
    const pools = [database.db, database.open(), database.open()]
    const results = await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        claimIdempotencyKey(pools[index % 3] ?? database.db, { ...wanted, resourceId: newId() }),
      ),
    )
    expect(results.filter(({ state }) => state === 'claimed')).to.have.length(1)
    expect(results.filter(({ state }) => state === 'in-flight')).to.have.length(29)
  })

  it('are apart by principal, route and key', async () => {
    const wanted = request()
    await claimed(wanted)
    await claimed({ ...wanted, principal: 'u2' })
    await claimed({ ...wanted, route: 'POST /api/v1/documents' })
    await claimed({ ...wanted, key: randomUUID() })
  })

  it('give the stored answer to the same request, and to no other', async () => {
    const wanted = request()
    const answer = { body: { chat: { title: 'é "quoted"', tags: [] } }, headers: { ETag: '"1"' } }
    expect(await completeIdempotencyKey(database.db, await claimed(wanted), { status: 201, answer })).to.equal(true)
    const { resourceId } = wanted
    const repeat = { ...wanted, resourceId: newId() }
    expect(await claim(repeat)).to.deep.equal({ state: 'done', resourceId, status: 201, answer })
    expect((await claim({ ...repeat, fingerprint: otherFingerprint })).state).to.equal('mismatch')
  })

  it('may keep no answer', async () => {
    const wanted = request()
    await completeIdempotencyKey(database.db, await claimed(wanted), { status: 201, answer: null })
    expect(await claim(wanted)).to.deep.include({ state: 'done', answer: null, resourceId: wanted.resourceId })
  })

  it('that were released keep the resource’s id for the same request, and are free for another', async () => {
    const wanted = request()
    await releaseIdempotencyKey(database.db, await claimed(wanted))
    const again = await claimed({ ...wanted, resourceId: newId() })
    expect(again.resourceId).to.equal(wanted.resourceId)
    await releaseIdempotencyKey(database.db, again)
    const corrected = { ...wanted, fingerprint: otherFingerprint, resourceId: newId() }
    expect((await claimed(corrected)).resourceId).to.equal(corrected.resourceId)
  })

  it('are taken over with the same resource’s id once their holder is overdue, by the same request alone', async () => {
    const wanted = request()
    const lost = await claimed(wanted)
    await age(wanted.key, claimSeconds - 5)
    expect((await claim(wanted)).state).to.equal('in-flight')
    await age(wanted.key, 6)
    expect((await claim({ ...wanted, fingerprint: otherFingerprint })).state).to.equal('mismatch')
    const results = await Promise.all(Array.from({ length: 10 }, () => claim({ ...wanted, resourceId: newId() })))
    const [taken] = results.flatMap((result) => (result.state === 'claimed' ? [result.claim] : []))
    expect(results.filter(({ state }) => state === 'claimed')).to.have.length(1)
    expect(taken?.resourceId).to.equal(wanted.resourceId)
    // The late holder can neither free nor end the claim of the one that took over.
    await releaseIdempotencyKey(database.db, lost)
    expect((await claim(wanted)).state).to.equal('in-flight')
    expect(await completeIdempotencyKey(database.db, lost, { status: 201, answer: 'late' })).to.equal(false)
    expect((await claim(wanted)).state).to.equal('in-flight')
  })

  it('are forgotten after a day, and purged', async () => {
    const old = request()
    await completeIdempotencyKey(database.db, await claimed(old), { status: 201, answer: 1 })
    const purged = request()
    await claimed(purged)
    await age(old.key, keptHours * 3_600 + 1)
    await age(purged.key, keptHours * 3_600 + 1)
    const fresh = { ...old, fingerprint: otherFingerprint, resourceId: newId() }
    expect((await claimed(fresh)).resourceId).to.equal(fresh.resourceId)
    expect(await purgeIdempotencyKeys(database.db)).to.equal(1)
    expect((await claim(fresh)).state).to.equal('in-flight')
  })
})
