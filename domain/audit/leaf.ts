// The part of an audit event that is hashed into the log: no value that identifies a person's contact or device is in it,
// only salted commitments, so that those values can be erased while every proof stays valid.
import { z } from 'zod'
import { id, timestamp } from '../resource.ts'

const reference = z.string().min(1).max(512)
/** Base64 of 32 bytes. */
export const hashText = z.string().regex(/^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/)

/** The hash of a leaf is SHA-256(0x00 ‖ RFC 8785 JCS(leaf)). */
export const auditLeafSchema = z
  .strictObject({
    v: z.literal(1),
    id: id.describe('The event’s id'),
    at: timestamp.describe('RFC 3339 in UTC, to the millisecond'),
    class: z.int().nonnegative().describe('OCSF class_uid'),
    activity: z.int().nonnegative().describe('OCSF activity_id'),
    severity: z.int().nonnegative().describe('OCSF severity_id'),
    action: z.string().min(1).max(100).describe('noun.verb'),
    outcome: z.enum(['success', 'failure', 'denied']),
    actor: z.strictObject({
      type: z.enum(['user', 'system', 'anonymous']),
      id: reference.optional(),
      session: reference.optional(),
    }),
    onBehalfOf: reference.optional(),
    resource: z.strictObject({
      type: z.string().min(1).max(100),
      id: reference.optional(),
      version: z.int().nonnegative().optional(),
    }),
    requestId: reference.optional(),
    workflowId: reference.optional(),
    runId: reference.optional(),
    approvalId: reference.optional(),
    reason: z.string().optional(),
    details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
    personal: z
      .record(z.string(), hashText)
      .optional()
      .describe('Name → base64 SHA-256(32-byte salt ‖ RFC 8785 JCS(value)); the values are disclosed beside the leaf'),
  })
  .meta({ id: 'AuditLeaf' })

export type AuditLeaf = z.infer<typeof auditLeafSchema>

/** A personal value that wasn't erased, with the salt that opens its commitment: so long that no guess can be tried. */
export const disclosureSchema = z
  .strictObject({ name: z.string(), salt: hashText.describe('Base64 of 32 bytes'), value: z.json() })
  .meta({ id: 'AuditDisclosure' })

export type Disclosure = z.infer<typeof disclosureSchema>
