// Who follows a turn that waits for an approval sees what it waits for and how it ends, also where the stream was lost.
import { expect } from 'chai'
import { turnEvents } from '../../../api/chat/follow-turn.ts'
import { endTurn } from '../../../db/chat/turn-work.ts'
import type { StoredTool } from '../../../db/tools/tools.ts'
import { parseEventId } from '../../../domain/event-id.ts'
import { createLocalTurnStream } from '../../../platform/stream/local-turn-stream.ts'
import { publishToolEvent } from '../../../platform/stream/publish-tool-event.ts'
import type { TurnStream } from '../../../platform/stream/turn-stream.ts'
import { captureLog } from '../../support/captured-log.ts'
import { type TestTurn, type TurnWorld, openTurnWorld, waitForApproval } from '../../support/turn-world.ts'

describe('following a turn that waits for an approval', function () {
  this.timeout(60_000)
  let world: TurnWorld
  let tool: StoredTool

  before(async () => {
    world = await openTurnWorld()
    tool = await world.makeTool('look')
  })
  after(() => world[Symbol.asyncDispose]())

  async function makeWaiting(): Promise<{ turn: TestTurn; executionId: string; approvalId: string }> {
    const turn = await world.makeTurn({ content: '/look {"at": 1}', tools: [tool] })
    const [executionId = ''] = (await world.runStep(turn, 1)).executionIds
    return { turn, executionId, approvalId: await waitForApproval(world, turn, executionId) }
  }
  /** Follows until `last`, from after an event where that is given. */
  async function follow(turn: TestTurn, streams: TurnStream, last: string, after?: string) {
    const { db } = world.database
    const context = { db, streams, signal: new AbortController().signal }
    const seen: { id: string; event: string; data: unknown }[] = []
    const from = after === undefined ? undefined : parseEventId(after)
    for await (const one of turnEvents(context, await world.read(turn), from)) {
      seen.push({ id: one.id ?? '', event: one.event ?? '', data: one.data })
      if (one.event === last) break
    }
    return seen
  }
  const restarted = () => createLocalTurnStream({ retentionMs: 3_600_000 })

  it('shows the pending request when the stream is empty, to each follower once, under one id', async () => {
    const { turn, executionId, approvalId } = await makeWaiting()
    const streams = restarted()
    const [first, second] = await Promise.all([
      follow(turn, streams, 'approval.requested'),
      follow(turn, streams, 'approval.requested'),
    ])
    expect(first.map(({ event }) => event)).to.deep.equal(['turn.started', 'approval.requested'])
    expect(first[1]?.data).to.deep.include({ step: 1, approvalId, executionId, tool: 'look', arguments: { at: 1 } })
    expect(second[1]).to.deep.equal(first[1])
  })

  it('goes on from an event before the loss, with what happens after it', async () => {
    const { turn, executionId, approvalId } = await makeWaiting()
    const place = { turnId: turn.id, step: 1 }
    const { log } = captureLog()
    const requested = { approvalId, executionId, tool: 'look', arguments: {}, expiresAt: new Date().toISOString() }
    await publishToolEvent({ streams: world.streams, log }, place, { type: 'approval.requested', data: requested })
    const before = await follow(turn, world.streams, 'approval.requested')
    const streams = restarted()
    const after = follow(turn, streams, 'approval.decided', before.at(-1)?.id)
    const decided = { approvalId, executionId, status: 'approved', decision: 'approve' } as const
    await publishToolEvent({ streams, log }, place, { type: 'approval.decided', data: decided })
    expect((await after).map(({ event }) => event)).to.deep.equal(['approval.decided'])
  })

  it('ends with the turn, though nobody could publish its end', async () => {
    const { turn } = await makeWaiting()
    const streams = restarted()
    const following = follow(turn, streams, 'turn.cancelled')
    await endTurn(world.database.db, turn.id, { status: 'cancelled', answer: null })
    expect((await following).at(-1)).to.deep.include({ event: 'turn.cancelled', data: { message: null } })
  })
})
