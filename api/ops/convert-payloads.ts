// What a codec server does for Temporal's Web UI and command line: turns stored payloads into readable ones, and back.
// Who reads what is in the audit log before it is read.
import { JSONToPayload, payloadToJSON } from '@temporalio/common/lib/proto-utils.js'
import type { Payload } from '@temporalio/common'
import { appendAuditEvent } from '../../db/audit/events.ts'
import { AppError } from '../../domain/errors.ts'
import type { EncodedPayload, EncodedPayloads } from '../../domain/ops/payload.ts'
import { refusedPayload } from '../../domain/refused-payload.ts'
import type { Context } from '../../platform/platform.ts'
import { clearPayload, createPayloadCodec, isEncrypted } from '../../platform/temporal/payload-codec.ts'
import { auditActorOf } from '../audit/audited.ts'

type CodecContext = Pick<Context, 'db' | 'keys' | 'config' | 'actor' | 'requestId' | 'ip' | 'userAgent'>

export interface PayloadsInput extends EncodedPayloads {
  /** As the client names it; empty where it names none. */
  readonly namespace: string | undefined
}

/** What small payloads inflate to is in memory at once. */
const maxDecodedBytes = 64 * 1024 * 1024

function requireOwnNamespace({ config }: Pick<Context, 'config'>, namespace: string | undefined): void {
  const own = config.temporal.namespace
  if (namespace === undefined || namespace === '' || namespace === own) return
  throw new AppError('request.invalid', {
    detail: `X-Namespace names another namespace than this platform’s: send “${own}”, or leave it out.`,
  })
}

const readPayload = ({ metadata = {}, data = '' }: EncodedPayload): Payload => JSONToPayload({ metadata, data })

function writePayload(payload: Payload): EncodedPayload {
  const { metadata, data } = payloadToJSON(payload)
  return { metadata: metadata ?? {}, data: data ?? '' }
}

async function recordDecoding(context: CodecContext, payloads: readonly Payload[]): Promise<void> {
  const { db, actor, requestId, ip, userAgent } = context
  await db.transaction((tx) =>
    appendAuditEvent(tx, {
      action: 'codec.decode',
      outcome: 'success',
      actor: auditActorOf(actor),
      resource: { type: 'temporal-payload' },
      requestId,
      details: { payloads: payloads.length, encrypted: payloads.filter(isEncrypted).length },
      subjectId: actor.userId,
      personal: { ...(ip === undefined ? {} : { ip }), ...(userAgent === undefined ? {} : { userAgent }) },
    }),
  )
}

/**
 * Payloads in the clear come back as they are; what can't be read comes back as a value that says why. Throws
 * `request.invalid` for another namespace, `request.too_large` when the answer would be, and what the audit log raises:
 * then nothing has been decoded.
 */
export async function decodePayloads(context: CodecContext, input: PayloadsInput): Promise<EncodedPayloads> {
  requireOwnNamespace(context, input.namespace)
  const payloads = (input.payloads ?? []).map(readPayload)
  await recordDecoding(context, payloads)
  const codec = createPayloadCodec({ keys: context.keys, namespace: context.config.temporal.namespace })
  const decoded: EncodedPayload[] = []
  let left = maxDecodedBytes
  for (const payload of payloads) {
    const [opened = {}] = await codec.decode([payload]).catch((error: unknown) => {
      if (!(error instanceof AppError)) throw error
      // Somebody wrote it under a key that isn't listed any more, or made the key's id up.
      return [clearPayload(refusedPayload(error.message))]
    })
    left -= opened.data?.length ?? 0
    if (left < 0) throw new AppError('request.too_large', { detail: 'Send fewer payloads at once.' })
    decoded.push(writePayload(opened))
  }
  return { payloads: decoded }
}

/** Throws `request.invalid` for another namespace. */
export async function encodePayloads(
  context: Pick<CodecContext, 'keys' | 'config'>,
  input: PayloadsInput,
): Promise<EncodedPayloads> {
  requireOwnNamespace(context, input.namespace)
  const codec = createPayloadCodec({ keys: context.keys, namespace: context.config.temporal.namespace })
  return { payloads: (await codec.encode((input.payloads ?? []).map(readPayload))).map(writePayload) }
}
