// Temporal's payloads as its command line and its Web UI send them to a codec server: the JSON form of the protocol's
// message, where a field without content may be missing.
import { z } from 'zod'

const payloadSchema = z
  .object({
    metadata: z.record(z.string().max(255), z.base64()).optional(),
    data: z.base64().optional(),
  })
  .meta({ id: 'TemporalPayload' })
export type EncodedPayload = z.infer<typeof payloadSchema>

const maxPayloads = 10_000

export const payloadsSchema = z
  .object({ payloads: z.array(payloadSchema).max(maxPayloads).optional() })
  .meta({ id: 'TemporalPayloads' })
export type EncodedPayloads = z.infer<typeof payloadsSchema>

/** Of a request: a page of a history may hold many of them, each of at most 2 MB. */
export const payloadsLimitBytes = 16 * 1024 * 1024
