// An export of a small log with a key of its own, made from the pure parts: what tests then break in every way.
import { randomBytes } from 'node:crypto'
import { canonicalize } from '../../domain/audit/jcs.ts'
import type { AuditLeaf } from '../../domain/audit/leaf.ts'
import {
  formatCheckpoint,
  formatVerifierKey,
  privateKeyOf,
  publicKeyOf,
  signNote,
} from '../../platform/audit/checkpoint-note.ts'
import { type ExportEntry, commitmentOf, formatLine } from '../../platform/audit/export-line.ts'
import { leafHash } from '../../platform/audit/merkle.ts'
import { buildRoot } from '../../platform/audit/root-builder.ts'

const origin = 'cdsa.example/log'
const privateKey = privateKeyOf(Buffer.alloc(32, 1))
export const auditKey = { origin, publicKey: publicKeyOf(privateKey) }
export const auditVerifierKey = formatVerifierKey(auditKey)

/** An entry that fits itself: its leaf commits to an address, an agent with letters beyond ASCII, and a number in full. */
export function auditEntry(leafIndex: number, change: Partial<AuditLeaf> = {}): ExportEntry {
  const personal = { ip: '192.0.2.7', userAgent: 'Søren’s agent \u001f 😀' }
  const disclosures = Object.entries(personal).map(([name, value]) => {
    return { name, salt: randomBytes(32).toString('base64'), value }
  })
  const leaf: AuditLeaf = {
    v: 1,
    id: `0199c0de-0000-7000-8000-${String(leafIndex).padStart(12, '0')}`,
    at: new Date(1_750_000_000_000 + leafIndex).toISOString(),
    class: 6003,
    activity: 1,
    severity: 1,
    action: 'chat.create',
    outcome: 'success',
    actor: {
      type: 'user',
      id: '0199c0de-0000-7000-8000-00000000aaaa',
      session: '0199c0de-0000-7000-8000-00000000bbbb',
    },
    resource: { type: 'chat', id: 'c1', version: 3 },
    requestId: `request ${leafIndex}`,
    details: { ratio: 0.30000000000000004, exact: 9007199254740991, fresh: true, title: 'Café “x”' },
    personal: Object.fromEntries(disclosures.map((one) => [one.name, commitmentOf(one)])),
    ...change,
  }
  return { leafIndex, leafHash: leafHash(Buffer.from(canonicalize(leaf))).toString('base64'), leaf, disclosures }
}

/** The signed checkpoint of the first `size` entries. */
export function checkpointOf(entries: readonly ExportEntry[], size = entries.length): string {
  const builder = buildRoot()
  for (const entry of entries.slice(0, size)) builder.append(Buffer.from(entry.leafHash, 'base64'))
  return signNote(formatCheckpoint({ origin, size, root: builder.root() }), { origin, privateKey })
}

export const auditEntries = (count: number): ExportEntry[] =>
  Array.from({ length: count }, (_, index) => auditEntry(index))

export const exportOf = (entries: readonly ExportEntry[], checkpoint = checkpointOf(entries)): string =>
  [...entries, { checkpoint }].map(formatLine).join('')
