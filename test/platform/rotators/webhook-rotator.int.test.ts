// The webhook's actions against a real HTTP server that checks the signature with the standard's own library.
import { once } from 'node:events'
import { type IncomingHttpHeaders, type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect } from 'chai'
import { Webhook } from 'standardwebhooks'
import { z } from 'zod'
import type { Post, Rotator } from '../../../platform/rotators/rotator.ts'
import { createWebhookRotator } from '../../../platform/rotators/webhook-rotator.ts'
import { appErrorOf } from '../../support/app-error-of.ts'
import { rotatorDependencies } from '../../support/rotator-target.ts'

const signingSecret = `whsec_${Buffer.from('thirty-two bytes of a secret key').toString('base64')}`
const confirm = async (): Promise<void> => undefined
const messageSchema = z.object({ type: z.string(), data: z.record(z.string(), z.string()) })

const post: Post = async (url, { headers, body, signal }) => {
  const response = await fetch(url, { method: 'POST', headers, body, signal })
  return { status: response.status, body: await response.text() }
}

describe('the webhook rotator', () => {
  /** What the target takes: one value at a time. */
  let accepted: string
  let answer: number | undefined
  let received: { readonly type: string; readonly id: string }[]
  const server = createServer((request, response) => void answerTo(request, response))
  async function answerTo(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request)
    const message = messageSchema.parse(verified(body, request.headers))
    received.push({ type: message.type, id: String(request.headers['webhook-id']) })
    const { value, pending } = message.data
    if (answer === undefined && message.type === 'rotation.set') accepted = pending ?? ''
    const result = value === accepted ? 'works' : 'refused'
    response.writeHead(answer ?? 200).end(message.type === 'rotation.probe' ? JSON.stringify({ result }) : '')
  }
  const verified = (body: string, headers: IncomingHttpHeaders): unknown =>
    new Webhook(signingSecret).verify(body, headers as Record<string, string>)

  before(async () => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  after(() => void server.close())
  beforeEach(() => {
    accepted = 'first'
    answer = undefined
    received = []
  })

  const open = (credential = signingSecret): Rotator => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
    return createWebhookRotator(
      { url, signingSecret: 'secret://hook', bytes: 32 },
      rotatorDependencies({ credential, post, rotationId: 'rotation-1' }),
    )
  }

  it('posts each stage as a signed action, whose id is the same when it is repeated', async () => {
    const rotator = open()
    await rotator.preflight({ current: 'first' })
    const pending = await rotator.generate({ current: 'first' })
    await rotator.set({ current: 'first', pending, confirm })
    await rotator.set({ current: 'first', pending, confirm })
    await rotator.test({ current: 'first', pending })
    await rotator.revoke({ old: 'first', current: pending })
    expect(received.map(({ type }) => type.replace('rotation.', ''))).to.deep.equal([
      'preflight',
      'set',
      'set',
      'test',
      'revoke',
      'probe',
    ])
    expect(received[1]?.id).to.equal('rotation-1.set').and.to.equal(received[2]?.id)
    expect([await rotator.probe('first'), await rotator.probe(pending)]).to.deep.equal(['refused', 'works'])
  })

  it('[V23] isn’t done while the target takes the old value', async () => {
    expect((await appErrorOf(open().revoke({ old: 'first', current: 'second' }))).code).to.equal('rotation.not_revoked')
  })

  it('takes 4xx for a refusal, and anything else for a target that can’t be reached', async () => {
    const rotator = open()
    const set = () => appErrorOf(rotator.set({ current: 'first', pending: 'second', confirm }))
    answer = 409
    expect((await set()).code).to.equal('rotation.set_refused')
    for (answer of [500, 302, 429]) expect((await set()).code).to.equal('rotation.target_unreachable')
    expect(await rotator.probe('first')).to.equal('unreachable')
  })

  it('refuses a signing secret of another form', () => {
    expect(() => open('no base64!')).to.throw('The signing secret isn’t written whsec_')
  })
})
