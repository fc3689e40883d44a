// What every form of bus must do. `near` and `far` stand for two processes where the form allows two.
import { expect } from 'chai'
import { randomUUID } from 'node:crypto'
import type { Bus } from '../../../platform/stream/bus.ts'
import type { CapturedLog } from '../../support/captured-log.ts'
import { eventually } from '../../support/eventually.ts'

export interface BusFixture {
  readonly near: Bus
  readonly far: Bus
  readonly logged: CapturedLog
  close(): Promise<void>
}

export function busSuite(open: () => Promise<BusFixture>): void {
  let fixture: BusFixture
  let channel: string
  beforeEach(async () => {
    fixture = await open()
    channel = randomUUID()
  })
  afterEach(() => fixture.close())

  /** Subscribes, and returns what arrives. */
  const listen = async (bus: Bus, name = channel) => {
    const messages: unknown[] = []
    const leave = await bus.subscribe(name, (message) => messages.push(message))
    return { messages, leave, reached: (count: number) => eventually('messages', () => messages.length >= count) }
  }

  it('carries messages to every subscriber of the channel, in order, and to no other', async () => {
    const { near, far } = fixture
    const [first, second, other] = [await listen(far), await listen(near), await listen(far, `${channel}-other`)]
    const sent = [{ n: 1, text: 'ä🦉' }, ['two'], 'three', 4, null, true]
    for (const message of sent) await near.publish(channel, message)
    await near.publish(`${channel}-other`, 'other')
    await Promise.all([first.reached(6), second.reached(6), other.reached(1)])
    expect(first.messages).to.deep.equal(sent)
    expect(second.messages).to.deep.equal(sent)
    expect(other.messages).to.deep.equal(['other'])
  })

  it('sends `undefined` as null', async () => {
    const { messages, reached } = await listen(fixture.far)
    await fixture.near.publish(channel, undefined)
    await reached(1)
    expect(messages).to.deep.equal([null])
  })

  it('gives each handler an object of its own', async () => {
    const { near, far } = fixture
    const message = { by: 'the publisher' }
    await far.subscribe(channel, (received) => Object.assign(received as object, { by: 'another handler' }))
    const second = await listen(far)
    await near.publish(channel, message)
    Object.assign(message, { by: 'the publisher, later' })
    await second.reached(1)
    expect(second.messages).to.deep.equal([{ by: 'the publisher' }])
  })

  it('logs a handler that throws, without its message, and goes on with the others', async () => {
    const { near, far, logged } = fixture
    await far.subscribe(channel, () => {
      throw new Error('canary-failure')
    })
    const second = await listen(far)
    await near.publish(channel, 'canary-message')
    await near.publish(channel, 'again')
    await second.reached(2)
    expect(logged.withMessage('a handler of the bus failed')).to.have.length(2)
    expect(logged.lines.join()).not.to.contain('canary')
  })

  it('stops for who has left, once and twice, and goes on for the same handler subscribed again', async () => {
    const { near, far } = fixture
    const messages: unknown[] = []
    const handler = (message: unknown): void => void messages.push(message)
    const leave = await far.subscribe(channel, handler)
    await far.subscribe(channel, handler)
    await leave()
    await leave()
    const witness = await listen(far)
    await near.publish(channel, 'one')
    await witness.reached(1)
    expect(messages).to.deep.equal(['one'])
  })

  it('can be subscribed again after the last has left', async () => {
    const { near, far } = fixture
    const first = await listen(far)
    await first.leave()
    const second = await listen(far)
    await near.publish(channel, 'late')
    await second.reached(1)
    expect(first.messages).to.deep.equal([])
  })

  it('lets a handler leave while it handles', async () => {
    const { near, far } = fixture
    const messages: unknown[] = []
    const leave = await far.subscribe(channel, (message) => {
      messages.push(message)
      void leave()
    })
    const witness = await listen(far)
    await near.publish(channel, 1)
    await near.publish(channel, 2)
    await witness.reached(2)
    expect(messages).to.deep.equal([1])
  })

  it('brings nothing after it was closed', async () => {
    const { near, far } = fixture
    const closed = await listen(near)
    const witness = near === far ? undefined : await listen(far)
    await near.close()
    if (witness !== undefined) await far.publish(channel, 'late')
    await witness?.reached(1)
    expect(closed.messages).to.deep.equal([])
  })
}
