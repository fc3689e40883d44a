// A target of webhook rotations as its owner would build one: it takes a new value beside the old one until that is revoked,
// and trusts only what is signed. A test holds it before it acts on an action, or after, when its answer is still to come.
import { once } from 'node:events'
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { Webhook } from 'standardwebhooks'
import { z } from 'zod'

const actions = ['preflight', 'set', 'test', 'revoke'] as const
type WebhookAction = (typeof actions)[number] | 'probe'
const moments = ['before', 'after', 'past'] as const

/** `before set`: it never acts. `after set`: it acts, and never answers. `past set`: it has answered. */
export const webhookPoints = actions.flatMap((action) => moments.map((moment) => `${moment} ${action}` as const))
export type WebhookPoint = (typeof webhookPoints)[number]

export interface WebhookTarget {
  readonly url: string
  /** `host:port` */
  readonly place: string
  /** `whsec_…` */
  readonly signingSecret: string
  /** All that it takes now. */
  taken(): readonly string[]
  /** Has it take this value and no other. */
  reset(value: string): void
  /** Resolves once the point is reached, the first time from now on. What it holds is never answered. */
  hold(point: WebhookPoint): Promise<void>
  /** From now on these actions are answered with the status and not acted on; all others are, as usual. */
  refuse(status: number, refused: readonly WebhookAction[]): void
  stop(): Promise<void>
}

const messageSchema = z.object({
  type: z.templateLiteral(['rotation.', z.enum([...actions, 'probe'])]),
  data: z.record(z.string(), z.string()),
})

export async function startWebhookTarget(): Promise<WebhookTarget> {
  const signingSecret = `whsec_${Buffer.from('thirty-two bytes of a secret key').toString('base64')}`
  const signer = new Webhook(signingSecret)
  let taken = new Set<string>()
  let refusal: { readonly status: number; readonly refused: readonly string[] } | undefined
  let held: { readonly point: WebhookPoint; readonly reached: () => void } | undefined

  /** Whether the point is the one to be held at: once. */
  const reaches = (point: string): boolean => {
    if (held?.point !== point) return false
    held.reached()
    held = undefined
    return true
  }
  const act = (action: string, data: Readonly<Record<string, string>>): unknown => {
    if (action === 'set') taken.add(data['pending'] ?? '')
    if (action === 'revoke') taken.delete(data['old'] ?? '')
    return action === 'probe' ? { result: taken.has(data['value'] ?? '') ? 'works' : 'refused' } : {}
  }
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request)
    const headers = z.record(z.string(), z.string()).parse(request.headers)
    const { type, data } = messageSchema.parse(signer.verify(body, headers))
    const action = type.slice('rotation.'.length)
    if (reaches(`before ${action}`)) return
    if (refusal?.refused.includes(action)) return void response.writeHead(refusal.status).end()
    const reply = act(action, data)
    if (reaches(`after ${action}`)) return
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(reply))
    reaches(`past ${action}`)
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.writeHead(400).end())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const place = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: `http://${place}/rotate`,
    place,
    signingSecret,
    taken: () => [...taken],
    reset: (value) => {
      taken = new Set([value])
    },
    hold: (point) =>
      new Promise((resolve) => {
        held = { point, reached: resolve }
      }),
    refuse: (status, refused) => {
      refusal = { status, refused }
    },
    stop: async () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
