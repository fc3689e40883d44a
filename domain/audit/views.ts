// The log as clients see it: readable events, and the proof forms that a verifier which shares no code with ours relies on.
import { z } from 'zod'
import { id, pageQuery, timestamp } from '../resource.ts'
import { auditActions, auditOutcomes } from './event.ts'
import { auditLeafSchema, disclosureSchema, hashText } from './leaf.ts'

const leafCount = z.int().nonnegative()
const hash = hashText.describe('Base64 of 32 bytes')
const hashes = z.array(hash)
const note = z.string().describe('A C2SP signed note: origin, size, root, an empty line, the signature')

export const auditEventSchema = auditLeafSchema
  .omit({ v: true, personal: true })
  .extend({
    personal: z.record(z.string(), z.string()).describe('Personal values that exist'),
    erased: z.array(z.string()).describe('Names of personal values that were erased; the proofs of the event hold on'),
    leafIndex: leafCount.nullable().describe('Its place in the tree; null before its seal'),
  })
  .meta({ id: 'AuditEvent' })
export type AuditEvent = z.infer<typeof auditEventSchema>

const reference = z.string().min(1).max(512)
const filters = {
  actorId: reference.optional(),
  action: z.enum(auditActions).optional(),
  resourceType: reference.optional(),
  resourceId: reference.optional(),
  outcome: z.enum(auditOutcomes).optional(),
  from: timestamp.optional().describe('From this time on'),
  to: timestamp.optional().describe('Before this time'),
}
export const listAuditEventsQuerySchema = pageQuery.extend(filters)

export const exportQuerySchema = z.strictObject({ format: z.enum(['ndjson', 'csv']).default('ndjson'), ...filters })
export type ExportQuery = z.infer<typeof exportQuerySchema>

export const checkpointSchema = z
  .object({ id, origin: z.string(), size: leafCount, root: hash, note, createdAt: timestamp })
  .meta({ id: 'AuditCheckpoint' })

const size = z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER)
export const inclusionQuerySchema = z.strictObject({
  eventId: id,
  treeSize: size.optional().describe('Of a checkpoint; the newest one’s unless given'),
})
export const inclusionSchema = z
  .object({
    eventId: id,
    leaf: auditLeafSchema.describe('What is hashed: leaf hash = SHA-256(0x00 ‖ RFC 8785 JCS(leaf))'),
    disclosures: z.array(disclosureSchema),
    leafIndex: leafCount,
    treeSize: leafCount,
    leafHash: hash,
    hashes: hashes.describe('RFC 6962 2.1.1, from the leaf upwards'),
    checkpoint: note,
  })
  .meta({ id: 'AuditInclusion' })
export type Inclusion = z.infer<typeof inclusionSchema>

export const consistencyQuerySchema = z.strictObject({
  from: size.describe('The size of a checkpoint'),
  to: size.describe('The size of a checkpoint that isn’t smaller'),
})
export const consistencySchema = z
  .object({
    from: leafCount,
    to: leafCount,
    hashes: hashes.describe('RFC 6962 2.1.2'),
    fromCheckpoint: note,
    toCheckpoint: note,
  })
  .meta({ id: 'AuditConsistency' })
export type Consistency = z.infer<typeof consistencySchema>

export const auditKeySchema = z
  .object({
    origin: z.string(),
    keyId: z.string().describe('8 hexadecimal digits'),
    algorithm: z.literal('Ed25519'),
    publicKey: hash,
    verifierKey: z.string().describe('The same as `--key` of the offline verifier takes it: origin+keyid+base64'),
  })
  .meta({ id: 'AuditKey' })
export type AuditKey = z.infer<typeof auditKeySchema>
