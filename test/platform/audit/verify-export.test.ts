// The verifier against everything that could be done to an export: each fault is found, and the entry is named.
import { expect } from 'chai'
import { formatCheckpoint, privateKeyOf, signNote } from '../../../platform/audit/checkpoint-note.ts'
import type { ExportEntry } from '../../../platform/audit/export-line.ts'
import { ExportFault, type VerifyExportOptions, verifyExport } from '../../../platform/audit/verify-export.ts'
import { auditEntries, auditEntry, auditKey, checkpointOf, exportOf } from '../../support/audit-export.ts'

type Options = Partial<Omit<VerifyExportOptions, 'chunks'>>

async function* inChunks(bytes: Uint8Array, size = 700): AsyncGenerator<Uint8Array> {
  for (let begin = 0; begin < bytes.length; begin += size) yield bytes.subarray(begin, begin + size)
}

const verify = (file: string | Uint8Array, options: Options = {}) =>
  verifyExport({ chunks: inChunks(Buffer.from(file)), keys: [auditKey], ...options })

async function faultOf(file: string | Uint8Array, options: Options = {}): Promise<ExportFault | undefined> {
  try {
    await verify(file, options)
    return undefined
  } catch (error) {
    if (error instanceof ExportFault) return error
    throw error
  }
}

const entries = auditEntries(7)
const file = exportOf(entries)
const lines = file.trimEnd().split('\n')
const kept = [{ name: 'old.txt', note: checkpointOf(entries, 4) }]
/** The file with other entries under the checkpoint of the right ones. */
const withEntries = (changed: readonly ExportEntry[]): string => exportOf(changed, checkpointOf(entries))

describe('an export of the log', () => {
  it('verifies whole, in chunks of any size, and as other programs write JSON', async () => {
    const result = await verify(file, { kept })
    expect(result).to.deep.include({ dropped: 0, disclosed: 14, withheld: 0 })
    expect(result.checkpoint).to.include({ origin: auditKey.origin, size: 7 })
    expect(result.continues.map(({ name, size }) => [name, size])).to.deep.equal([['old.txt', 4]])
    for (const size of [1, 64, 1_000_000])
      await verifyExport({ chunks: inChunks(Buffer.from(file), size), keys: [{ publicKey: auditKey.publicKey }] })
    const spaced = lines.map((line) => JSON.stringify(JSON.parse(line), null, 1).replaceAll(/\n */g, ' ')).join('\n')
    const escaped = spaced.replaceAll(/[\u0080-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
    expect((await verify(escaped)).disclosed).to.equal(14)
  })

  it('[A6] names the entry in which a byte was changed, whichever byte it is', async () => {
    const few = entries.slice(0, 3)
    const bytes = Buffer.from(exportOf(few))
    const checkpointBegins = bytes.lastIndexOf('\n', -2) + 1
    let line = 0
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ (1 << ((at + line) % 8))
      const fault = await faultOf(changed)
      if (fault === undefined) expect.fail(`byte ${at}, of line ${line}, was changed unseen`)
      if (at < checkpointBegins) expect(fault.index, `byte ${at}: ${fault.message}`).to.equal(line)
      if (bytes[at] === 0x0a) line += 1
    }
    expect(line).to.equal(4)
  }).timeout(60_000)

  it('[A6] names the entry that was edited, deleted, or put elsewhere', async () => {
    const edited = structuredClone(entries)
    if (edited[3]?.leaf) edited[3].leaf['action'] = 'chat.delete'
    expect((await faultOf(withEntries(edited)))?.message).to.match(/^Entry 3 has a leaf that doesn’t hash/)
    const without = entries.filter(({ leafIndex }) => leafIndex !== 2)
    expect((await faultOf(withEntries(without)))?.message).to.match(/^Entry 2 is missing: the next one is 3/)
    const swapped = entries.with(4, entries[5] ?? auditEntry(5)).with(5, entries[4] ?? auditEntry(4))
    expect((await faultOf(withEntries(swapped)))?.index).to.equal(4)
    const emptied = entries.with(5, { ...(entries[5] ?? auditEntry(5)), leaf: null, disclosures: [] })
    expect((await faultOf(withEntries(emptied)))?.message).to.equal('Entry 5 has no leaf.')
    expect((await faultOf(withEntries([...entries.slice(0, 3), ...entries.slice(2)])))?.index).to.equal(3)
  })

  it('[A6] narrows down by kept checkpoints what was rewritten together with its hash', async () => {
    const rewritten = withEntries(entries.with(4, auditEntry(4, { outcome: 'denied' })))
    const notes = [2, 4, 5].map((size) => ({ name: `${size}.txt`, note: checkpointOf(entries, size) }))
    expect((await faultOf(rewritten))?.message).to.match(/^One of the entries 0 to 6 isn’t what was signed/)
    const fault = await faultOf(rewritten, { kept: notes })
    expect(fault)
      .to.include({ index: 4 })
      .and.to.have.property('message')
      .match(/^Entry 4 isn’t what was signed/)
  })

  it('names the entry whose personal value, salt or name was changed, and lets one be withheld', async () => {
    const cases = [
      [{ value: '192.0.2.8' }, 'Entry 6 discloses a “ip” that isn’t the one its leaf commits to.'],
      [
        { salt: Buffer.alloc(32).toString('base64') },
        'Entry 6 discloses a “ip” that isn’t the one its leaf commits to.',
      ],
      [{ name: 'email' }, 'Entry 6 discloses “email”, to which its leaf doesn’t commit.'],
      [{ name: 'toString' }, 'Entry 6 discloses “toString”, to which its leaf doesn’t commit.'],
    ] as const
    const last = entries[6] ?? auditEntry(6)
    const [ip, userAgent] = last.disclosures
    for (const [change, message] of cases) {
      const disclosures = [
        { ...(ip ?? { name: '', salt: '', value: '' }), ...change },
        ...(userAgent ? [userAgent] : []),
      ]
      expect((await faultOf(withEntries(entries.with(6, { ...last, disclosures }))))?.message).to.equal(message)
    }
    const twice = { ...last, disclosures: [...last.disclosures, ...last.disclosures] }
    expect((await faultOf(withEntries(entries.with(6, twice))))?.message).to.match(/^Entry 6 discloses “ip” twice/)
    const erased = await verify(withEntries(entries.with(6, { ...last, disclosures: [] })))
    expect(erased).to.include({ disclosed: 12, withheld: 2 })
  })

  it('[A7] lacks nothing at its end, with its checkpoint or without, nor by an older one', async () => {
    expect((await faultOf(lines.slice(0, 5).join('\n')))?.message).to.match(/breaks off at entry 5/)
    expect((await faultOf(file.slice(0, 3_000)))?.index).to.be.a('number')
    expect((await faultOf(exportOf(entries.slice(0, 5), checkpointOf(entries))))?.message).to.equal(
      'Entry 5 is missing: the checkpoint is of 7 entries, here are 5.',
    )
    const rolledBack = exportOf(entries.slice(0, 3))
    expect(await faultOf(rolledBack)).to.equal(undefined)
    expect((await faultOf(rolledBack, { kept }))?.message).to.equal(
      'Entry 3 is missing: old.txt is of 4 entries, the export of 3.',
    )
    const longer = exportOf([...entries, auditEntry(7)], checkpointOf(entries))
    expect((await faultOf(longer))?.message).to.match(/^Entry 7 isn’t covered/)
  })

  it('[A10] isn’t a fork: signed by the log’s own key, it must still continue the kept checkpoint', async () => {
    const fork = exportOf(entries.with(1, auditEntry(1, { action: 'chat.delete' })))
    expect(await faultOf(fork)).to.equal(undefined)
    expect((await faultOf(fork, { kept }))?.message).to.equal(
      'The export doesn’t continue old.txt: the log was forked or rewritten before entry 4.',
    )
    const otherLog = signNote(formatCheckpoint({ origin: 'other', size: 4, root: Buffer.alloc(32) }), {
      origin: 'other',
      privateKey: privateKeyOf(Buffer.alloc(32, 1)),
    })
    const anyOrigin = { keys: [{ publicKey: auditKey.publicKey }], kept: [{ name: 'old.txt', note: otherLog }] }
    expect((await faultOf(file, anyOrigin))?.message).to.match(/^old\.txt is a checkpoint of other/)
  })

  it('is signed by the given key, and a kept checkpoint too', async () => {
    const stranger = { ...auditKey, publicKey: Buffer.alloc(32, 3) }
    expect((await faultOf(file, { keys: [stranger] }))?.message).to.match(/checkpoint: .* isn’t signed by a key that/)
    const forged = [{ name: 'old.txt', note: checkpointOf(entries, 4).replace('\n4\n', '\n5\n') }]
    expect((await faultOf(file, { kept: forged }))?.message).to.match(/^old\.txt: The signature by key [0-9a-f]{8} /)
    expect((await faultOf(file, { keys: [stranger, auditKey] }))?.message).to.equal(undefined)
  })

  it('may lack the content of old entries where that is expected, and still proves the rest', async () => {
    const dropped = entries.map((entry) => (entry.leafIndex < 3 ? { ...entry, leaf: null, disclosures: [] } : entry))
    expect((await faultOf(withEntries(dropped)))?.message).to.equal('Entry 0 has no leaf.')
    expect((await faultOf(withEntries(dropped), { droppedBefore: 2 }))?.message).to.equal('Entry 2 has no leaf.')
    expect(await verify(withEntries(dropped), { droppedBefore: 3, kept })).to.include({ dropped: 3, disclosed: 8 })
  })

  it('is refused when a line could be read in two ways, or isn’t a line of an export', async () => {
    const [first = '', ...rest] = lines
    const others = [
      first.replace('"leafIndex":0', '"leafIndex":0,"leafIndex":0'),
      first.replace('"fresh":true', '"fresh":true,"\\u0066resh":true'),
      first.replace('9007199254740991', '9007199254740991.0'),
      first.replace('0.30000000000000004', '0.30000000000000005'),
      first.replace('\\u001f', '\\u001F'),
      first.replace('{', '{\t'),
      first.replace('"v":1', '"v":1e999'),
      `${first}\r`,
      ` ${first}`,
      `\ufeff${first}`,
      '',
      'null',
      '[]',
      '['.repeat(100_000),
      `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
      first.replace('"leafIndex":0', '"leafIndex":0,"more":1'),
    ]
    for (const other of others) {
      expect(other).not.to.equal(first)
      const fault = await faultOf([other, ...rest].join('\n'))
      expect(fault?.index, `${other.slice(0, 80)}: ${fault?.message}`).to.equal(0)
    }
    expect((await faultOf(`${file}\n`))?.message).to.equal('There is something after the checkpoint.')
    expect((await faultOf(`${file}${first}`))?.message).to.equal('There is something after the checkpoint.')
    expect((await faultOf(`"${'x'.repeat(9 * 1024 * 1024)}"`))?.message).to.match(/^Entry 0 is longer than/)
  })
})
