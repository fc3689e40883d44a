// Temporal's payloads as its command line and its Web UI send them to a codec server: the JSON form of the protocol's
// message, where a field without content may be missing.
import { z } from 'zod'

/** Of a request: a page of a history may hold many payloads, each of at most 2 MB. */
export const payloadsLimitBytes = 16 * 1024 * 1024

/** Base64 in a field of JSON: the whole request is the bound. */
const bytes = z.base64().max(payloadsLimitBytes)
const maxMetadata = 64

const payloadSchema = z
  .strictObject({
    metadata: z
      .record(z.string().max(255), bytes)
      .refine((metadata) => Object.keys(metadata).length <= maxMetadata, `has at most ${maxMetadata} fields`)
      .meta({ maxProperties: maxMetadata })
      .optional(),
    data: bytes.optional(),
  })
  .meta({ id: 'TemporalPayload' })
export type EncodedPayload = z.infer<typeof payloadSchema>

const maxPayloads = 10_000

export const payloadsSchema = z
  .strictObject({ payloads: z.array(payloadSchema).max(maxPayloads).optional() })
  .meta({ id: 'TemporalPayloads' })
export type EncodedPayloads = z.infer<typeof payloadsSchema>
