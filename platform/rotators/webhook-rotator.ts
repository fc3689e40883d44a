// A target that the platform doesn't know: each stage is an action that is posted to its address, signed as Standard
// Webhooks says, and counts as done when the target acknowledges it. The message's id is the same for a repeat.
import { randomBytes } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { z } from 'zod'
import { AppError, type ErrorCode } from '../../domain/errors.ts'
import type { WebhookConfig } from '../../domain/vault/rotation-policy.ts'
import type { ProbeResult, Rotator, RotatorDependencies } from './rotator.ts'

const timeoutMs = 15_000

/** What is posted: `rotation.<action>`, and the values that the action is about. */
type Action = 'preflight' | 'set' | 'test' | 'probe' | 'revoke'

/** A probe's answer; any acknowledgement of another action will do. */
const probeAnswerSchema = z.object({ result: z.enum(['works', 'refused']) })

interface WebhookTarget {
  readonly config: WebhookConfig
  readonly dependencies: RotatorDependencies
  readonly signer: Webhook
}

function openSigner(secret: string): Webhook {
  try {
    return new Webhook(secret)
  } catch {
    throw new AppError('rotation.preflight_failed', { detail: 'The signing secret isn’t written whsec_ and base64.' })
  }
}

async function send(
  { config, dependencies, signer }: WebhookTarget,
  action: Action,
  data: Readonly<Record<string, string>>,
): Promise<{ readonly status: number; readonly body: string }> {
  const { rotationId, secretId, post } = dependencies
  const suffix = action === 'probe' ? `probe-${randomBytes(8).toString('hex')}` : action
  const id = `${rotationId}.${suffix}`
  const now = new Date()
  const body = JSON.stringify({
    type: `rotation.${action}`,
    timestamp: now.toISOString(),
    data: { rotationId, secretId, ...data },
  })
  const headers = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
    'webhook-signature': signer.sign(id, now, body),
  }
  const signal = AbortSignal.any([dependencies.signal, AbortSignal.timeout(timeoutMs)])
  return await post(config.url, { headers, body, signal }).catch(() => {
    throw new AppError('rotation.target_unreachable')
  })
}

/** Throws `refused` for an answer of 4xx, `rotation.target_unreachable` for anything else but 2xx. */
async function act(
  target: WebhookTarget,
  refused: ErrorCode,
  ...[action, data]: [Action, Readonly<Record<string, string>>]
): Promise<void> {
  const { status } = await send(target, action, data)
  if (status >= 200 && status < 300) return
  const isRefusal = status >= 400 && status < 500 && status !== 408 && status !== 429
  if (!isRefusal) throw new AppError('rotation.target_unreachable')
  throw new AppError(refused, { detail: `The webhook answered ${status} to rotation.${action}.` })
}

async function probe(target: WebhookTarget, value: string): Promise<ProbeResult> {
  try {
    const { status, body } = await send(target, 'probe', { value })
    return status === 200 ? probeAnswerSchema.parse(JSON.parse(body)).result : 'unreachable'
  } catch {
    return 'unreachable'
  }
}

/** The signing secret's value is `whsec_…`. Throws `rotation.preflight_failed`. */
export function createWebhookRotator(config: WebhookConfig, dependencies: RotatorDependencies): Rotator {
  const target = { config, dependencies, signer: openSigner(dependencies.credential) }
  return {
    kind: 'single-user',
    preflight: ({ current }) => act(target, 'rotation.preflight_failed', 'preflight', { current }),
    generate: async () => randomBytes(config.bytes).toString('base64url'),
    set: async ({ current, pending, confirm }) => {
      await confirm()
      await act(target, 'rotation.set_refused', 'set', { current, pending })
    },
    fence: async () => undefined,
    probe: (value) => probe(target, value),
    test: ({ pending }) => act(target, 'rotation.test_failed', 'test', { pending }),
    revoke: async ({ old, current }) => {
      await act(target, 'rotation.set_refused', 'revoke', { old, current })
      const result = await probe(target, old)
      if (result === 'unreachable') throw new AppError('rotation.target_unreachable')
      if (result === 'works') throw new AppError('rotation.not_revoked')
    },
  }
}
