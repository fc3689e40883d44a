// Every process is killed in each stage of a rotation, the database and Temporal included, and started again: the rotation
// ends with a value that its target takes. The target is a webhook's, which says when a stage is reached.
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import type { ApiClient } from '../support/api-client.ts'
import { type ChaosPlatform, startChaosPlatform } from '../support/chaos-platform.ts'
import { createRandom, createTally, killCount, settle } from '../support/chaos.ts'
import { eventually } from '../support/eventually.ts'
import { makeOperator } from '../support/operator.ts'
import { type WebhookPoint, type WebhookTarget, startWebhookTarget, webhookPoints } from '../support/webhook-target.ts'

const path = 'rotated/by-webhook'
const graceSeconds = 1

/** As many points as there are kills, all of them where there are enough, in an order of the run's own. */
function choosePoints(): readonly WebhookPoint[] {
  const random = createRandom('D7 rotation')
  const shuffled = webhookPoints
    .map((point) => ({ point, place: random.next() }))
    .toSorted((one, other) => one.place - other.place)
    .map(({ point }) => point)
  return Array.from({ length: killCount }, (_, index) => shuffled[index % shuffled.length] as WebhookPoint)
}

describe('a rotation over kills of everything', function () {
  this.timeout(120_000 + killCount * 60_000)
  const random = createRandom('D7 moment')
  let target: WebhookTarget
  let platform: ChaosPlatform
  let operator: ApiClient
  let secretId: string

  before(async () => {
    target = await startWebhookTarget()
    platform = await startChaosPlatform({
      tokens: 1,
      physics: { ttft: 1, tps: 100 },
      env: { CDSA_EGRESS_ALLOW: target.place },
    })
    operator = await newOperator()
    const destinations = [new URL(target.url).origin]
    await operator.post('/vault/secrets', { path: 'webhook/signing', value: target.signingSecret, destinations })
    target.reset('first value')
    const created = await operator.post('/vault/secrets', { path, value: 'first value', destinations })
    secretId = created.body['secret'].id
    const config = { url: target.url, signingSecret: 'secret://webhook/signing' }
    const policy = { rotator: 'webhook', everySeconds: 1_000_000, graceSeconds, config }
    const put = await operator.request('PUT', `/vault/secrets/${secretId}/rotation-policy`, { body: policy })
    expect(put.status).to.equal(200)
  })
  after(async () => {
    await platform?.stop()
    await target?.stop()
  })

  const newOperator = async (): Promise<ApiClient> => makeOperator(await platform.newClient(), platform.databaseUrl())
  const valueOf = async (label: string): Promise<string | undefined> => {
    const { status, body } = await operator.get(`/vault/secrets/${secretId}/value?label=${label}`)
    expect(status).to.be.oneOf([200, 404])
    return status === 200 ? body['value'] : undefined
  }

  const start = async (): Promise<string> => {
    const { status, body } = await operator.post(`/vault/secrets/${secretId}/rotate`)
    expect(status).to.equal(202)
    return body['rotation'].id
  }
  const ended = (id: string): Promise<string> =>
    eventually(
      'the rotation has ended',
      async () => {
        const { data } = (await operator.get(`/vault/secrets/${secretId}/rotations`)).body
        const found = data.find((rotation: { readonly id: string }) => rotation.id === id)
        return found?.endedAt === null ? undefined : found?.state
      },
      90_000,
    )

  /** Undefined when all is as it has to be; otherwise what isn't. The target answers again, so that nothing has to go back. */
  async function findBroken(before: string | undefined, state: string): Promise<string | undefined> {
    const current = await valueOf('CURRENT')
    if (state !== 'completed') return `it is ${state}`
    if (current === before) return 'CURRENT is the old value'
    if ((await valueOf('PENDING')) !== undefined) return 'PENDING is left'
    const taken = target.taken()
    return taken.length === 1 && taken[0] === current ? undefined : 'the target takes another value than CURRENT'
  }

  it(`[D7] ends with a value that works, after ${killCount} SIGKILLs of everything in its stages`, async () => {
    const tally = createTally()
    const faults: string[] = []
    for (const point of choosePoints()) {
      const before = await valueOf('CURRENT')
      const reached = target.hold(point)
      const id = await start()
      await reached
      if (point.startsWith('past')) await delay(random.between(0, graceSeconds * 1_000))
      await platform.strikeEverything()
      tally.kills += 1
      operator = await newOperator()
      const broken = await findBroken(before, await ended(id))
      if (broken !== undefined) faults.push(`${point}: ${broken}`)
      expect(await ended(await start()), `the next one after ${point}`).to.equal('completed')
      tally.turns += 1
    }
    tally.messagesLost = faults.length
    if (faults.length > 0) process.stdout.write(`${faults.join('\n')}\n`)
    settle('D7 rotation', platform.name, { tally, kills: killCount })
  })
})
