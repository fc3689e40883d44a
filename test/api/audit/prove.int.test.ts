// Proofs in a log that has grown: what they read doesn't grow with it.
import { expect } from 'chai'
import { proveConsistency, proveInclusion } from '../../../api/audit/prove.ts'
import { listAuditEvents } from '../../../db/audit/events.ts'
import { type AuditServer, startAuditServer } from '../../support/audit-server.ts'
import { checkConsistency, checkInclusion } from '../../support/outside-verifier.ts'
import { countQueries } from '../../support/sign-in-parts.ts'

/** More than 256² leaves: three levels of tiles. */
const events = 66_000

describe('proofs in a log of 66,000 entries', function () {
  this.timeout(180_000)
  let server: AuditServer
  before(async () => {
    server = await startAuditServer()
    await server.appendMany(300)
    await server.seal()
    await server.database.owner.execute(
      `insert into audit_events (id, at, leaf, action, outcome, resource_type)
       select id, timestamptz 'epoch' + n * interval '1 millisecond', '{"id":"' || id || '"}', 'turn.create', 'success', 'turn'
       from (select n, (lpad(to_hex(n >> 16), 8, '0') || '-' || lpad(to_hex(n & 65535), 4, '0') ||
         '-7000-8000-000000000000')::uuid as id from generate_series(1, ${events}) n) as made`,
    )
    await server.seal()
  })
  after(() => server.stop())

  it('verify, wherever the event is, and read a handful of tiles', async () => {
    const { db } = server.database
    const keys = await server.keys()
    const [newest] = (await listAuditEvents(db, {}, { limit: 1 })).data
    const ofTime = (n: number): string =>
      `${(n >> 16).toString(16).padStart(8, '0')}-${(n & 65_535).toString(16).padStart(4, '0')}-7000-8000-000000000000`
    for (const eventId of [newest?.id ?? '', ofTime(1), ofTime(40_000), ofTime(65_500), ofTime(events)]) {
      let proof: unknown
      const queries = await countQueries(db, async () => {
        proof = await proveInclusion(db, { eventId })
      })
      checkInclusion(proof, keys)
      // The event, its values and the checkpoint, then a tile or a run of hashes a level on each side.
      expect(queries, eventId).to.be.at.most(3 + 2 * 2 * 3)
    }
  })

  it('of consistency too', async () => {
    const { db } = server.database
    const { data } = (await server.auditor.get('/audit/checkpoints')).body as { data: { size: number }[] }
    const [to = 0, from = 0] = data.map(({ size }) => size)
    expect(to - from).to.equal(events)
    let proof: unknown
    const queries = await countQueries(db, async () => {
      proof = await proveConsistency(db, { from, to })
    })
    checkConsistency(proof, await server.keys())
    expect(queries).to.be.at.most(2 + 2 * 2 * 3)
  })
})
