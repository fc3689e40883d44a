// What somebody with every right on the database does to the log, as the export and the proofs then show it.
import { expect } from 'chai'
import type { VerifierKey } from '../../../platform/audit/checkpoint-note.ts'
import { ExportFault, type KeptCheckpoint, verifyExport } from '../../../platform/audit/verify-export.ts'
import { type AuditServer, startAuditServer } from '../../support/audit-server.ts'
import { type OutsideKey, checkExport, checkInclusion } from '../../support/outside-verifier.ts'
import { tamper } from '../../support/tamper.ts'

async function* chunksOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}

describe('the log of a database that was tampered with', function () {
  this.timeout(120_000)
  let server: AuditServer
  let keys: VerifierKey[]
  let outsideKeys: OutsideKey[]
  beforeEach(async () => {
    server = await startAuditServer()
    await server.appendMany(300)
    await server.seal()
    outsideKeys = await server.keys()
    keys = outsideKeys.map(({ origin, publicKey }) => {
      return { origin, publicKey: Buffer.from(publicKey, 'base64') }
    })
  })
  afterEach(() => server.stop())

  const change = (...statements: string[]) => tamper(server.database.owner, ...statements)

  async function faultOf(kept: readonly KeptCheckpoint[] = []): Promise<ExportFault | undefined> {
    const text = await server.exported()
    try {
      await verifyExport({ chunks: chunksOf(text), keys, kept })
      return undefined
    } catch (error) {
      if (!(error instanceof ExportFault)) throw error
      expect(() => checkExport(text, outsideKeys), 'the other verifier').to.throw()
      return error
    }
  }
  const ofLeaf = (index: number): string => `id = (select event_id from audit_leaves where leaf_index = ${index})`
  const rehash = (index: number): string =>
    `update audit_leaves l set leaf_hash = sha256('\\x00'::bytea || convert_to(e.leaf, 'UTF8'))
     from audit_events e where e.id = l.event_id and l.leaf_index = ${index}`
  const edit = (index: number): string =>
    `update audit_events set leaf = replace(leaf, '"success"', '"failure"') where ${ofLeaf(index)}`

  it('verifies as long as nobody does', async () => {
    expect(await faultOf()).to.equal(undefined)
  })

  it('[A6] names the entry whose event was edited, also when its hash was set to fit', async () => {
    await change(edit(17))
    expect((await faultOf())?.message).to.match(/^Entry 17 has a leaf that doesn’t hash/)
    await change(rehash(17))
    expect((await faultOf())?.message).to.match(/^Entry 17 has a leaf that doesn’t hash/)
    const { data } = (await server.auditor.get('/audit/events?outcome=failure')).body as { data: unknown[] }
    expect(data, 'the filter goes by a column that the edit didn’t touch').to.have.length(0)
  })

  it('[A6] names the entry whose event, or whose place in the tree, was deleted', async () => {
    await change(`delete from audit_events where ${ofLeaf(40)}`)
    expect((await faultOf())?.message).to.equal('Entry 40 has no leaf.')
    await change('delete from audit_leaves where leaf_index = 30')
    expect((await faultOf())?.message).to.match(/^Entry 30 is missing: the next one is 31/)
  })

  it('[A6] names the first of two entries that changed places', async () => {
    await change(
      'update audit_leaves set leaf_index = -1 where leaf_index = 5',
      'update audit_leaves set leaf_index = 5 where leaf_index = 9',
      'update audit_leaves set leaf_index = 9 where leaf_index = -1',
    )
    expect((await faultOf())?.message).to.match(/^Entry 5 has a leaf that doesn’t hash/)
  })

  it('[A6] names the entry whose personal value was changed', async () => {
    await change(`update audit_personal set value = '203.0.113.9' where name = 'ip' and
      event_id = (select event_id from audit_leaves where leaf_index = 77)`)
    expect((await faultOf())?.message).to.match(/^Entry 77 discloses a “ip” that isn’t the one/)
  })

  it('[A6] is narrowed down by kept checkpoints where everything was made to fit', async () => {
    const size = 301
    const { note } = (await server.auditor.get('/audit/checkpoints')).body['data'][0] as { note: string }
    await server.appendMany(3)
    await server.seal()
    await change(edit(size + 1), rehash(size + 1))
    const fault = await faultOf([{ name: 'kept.txt', note }])
    expect(fault?.message).to.match(new RegExp(`^One of the entries ${size} to ${size + 2} isn’t what was signed`))
  })

  it('[A7] names the first entry that was cut off its end', async () => {
    await change('delete from audit_leaves where leaf_index >= 290')
    expect((await faultOf())?.message).to.equal('Entry 290 is missing: the checkpoint is of 301 entries, here are 290.')
  })

  it('[A12] proves what it did after an erasure, of which nothing is left in a dump', async () => {
    const { owner } = server.database
    const dump = async (): Promise<string> => {
      const tables = await owner.query<{ name: string }>(
        `select format('%I', tablename) as name from pg_tables where schemaname = 'public'`,
      )
      const texts: string[] = []
      for (const { name } of tables) {
        const [row] = await owner.query<{ rows: string | null }>(
          `select string_agg(t::text, ' ') as rows from ${name} t`,
        )
        texts.push(row?.rows ?? '')
      }
      return texts.join('\n')
    }
    const before = checkExport(await server.exported(), outsideKeys)
    expect(before.filter(({ disclosures }) => disclosures.length === 2).length).to.be.greaterThan(299)
    expect(await dump())
      .to.include('192.0.2.7')
      .and.to.include('Søren’s agent')
    await owner.execute('delete from audit_personal where subject_id = $1', [server.auditorId])
    const dumped = await dump()
    expect(dumped).to.include('chat.create')
    expect(dumped).not.to.include('192.0.2.7').and.not.to.include('Søren’s agent')
    const text = await server.exported()
    expect(text).not.to.include('192.0.2.7')
    expect(checkExport(text, outsideKeys)).to.have.length(before.length)
    const verified = await verifyExport({ chunks: chunksOf(text), keys })
    expect(verified).to.include({ disclosed: 0 })
    const [event] = (await server.auditor.get('/audit/events?action=chat.create&limit=1')).body['data'] as {
      id: string
      personal: object
      erased: string[]
    }[]
    expect(event?.personal).to.deep.equal({})
    expect(event?.erased).to.have.members(['ip', 'userAgent'])
    const proof = (await server.auditor.get(`/audit/proofs/inclusion?eventId=${event?.id}`)).body
    expect(proof['disclosures']).to.deep.equal([])
    checkInclusion(proof, outsideKeys)
  })
})
