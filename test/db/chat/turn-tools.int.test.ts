// What tools change about a turn's row: how long it may be silent, what it costs, and what a new message may follow.
import { expect } from 'chai'
import { deleteChat } from '../../../db/chat/chats.ts'
import { beginTurn, endTurn, findEndedTurn } from '../../../db/chat/turn-work.ts'
import { createTurn, getTurn, listOverdueTurns } from '../../../db/chat/turns.ts'
import { newId } from '../../../db/ids.ts'
import { getExecution } from '../../../db/tools/executions.ts'
import type { StoredTool } from '../../../db/tools/tools.ts'
import { appErrorOf } from '../../support/app-error-of.ts'
import { type TestTurn, type TurnWorld, openTurnWorld, waitForApproval } from '../../support/turn-world.ts'

describe('turns with tools', function () {
  this.timeout(60_000)
  let world: TurnWorld
  let tool: StoredTool

  before(async () => {
    world = await openTurnWorld()
    tool = await world.makeTool('look')
  })
  after(() => world[Symbol.asyncDispose]())

  async function makeCalling(after?: TestTurn) {
    const turn = await world.makeTurn({ content: '/look', tools: [tool], ...(after === undefined ? {} : { after }) })
    const [executionId = ''] = (await world.runStep(turn, 1)).executionIds
    return { turn, executionId }
  }
  const overdue = () => listOverdueTurns(world.database.db, 60)
  const longAgo = (table: string, column: string, id: string) =>
    world.database.db.execute(`update ${table} set ${column} = now() - interval '2 minutes' where id = $1`, [id])

  it('are overdue once they are silent, not while a tool is on its way or waits for its approval', async () => {
    const { turn, executionId } = await makeCalling()
    await longAgo('turns', 'step_started_at', turn.id)
    expect(await overdue()).not.to.include(turn.id)
    await waitForApproval(world, turn, executionId)
    expect(await overdue()).not.to.include(turn.id)
    await world.database.db.execute(`update tool_executions set status = 'expired', ended_at = now() where id = $1`, [
      executionId,
    ])
    expect(await overdue()).not.to.include(turn.id)
    await longAgo('tool_executions', 'ended_at', executionId)
    expect(await overdue()).to.include(turn.id)
    await beginTurn(world.database.db, turn.id, 2)
    expect(await overdue()).not.to.include(turn.id)
  })

  it('keep waiting while their step is repeated, and work again in the next one', async () => {
    const { db } = world.database
    const { turn, executionId } = await makeCalling()
    await waitForApproval(world, turn, executionId)
    expect(await beginTurn(db, turn.id, 1)).to.include({ hasCalled: true, status: 'waiting_approval' })
    expect(await beginTurn(db, turn.id, 2)).to.include({ hasCalled: false, status: 'running' })
  })

  it('end with the usage of all their steps, also without an answer', async () => {
    const { db } = world.database
    const { turn } = await makeCalling()
    const [, calls] = await world.messagesOf(turn)
    await endTurn(db, turn.id, { status: 'cancelled', answer: null })
    expect((await world.read(turn)).usage).to.deep.equal(calls?.usage)
    expect((await findEndedTurn(db, turn.id))?.message).to.equal(null)
  })

  it('leave no run behind that nobody has begun, when they end or their chat is deleted', async () => {
    const { db } = world.database
    const [ended, deleted, waiting] = [await makeCalling(), await makeCalling(), await makeCalling()]
    await waitForApproval(world, waiting.turn, waiting.executionId)
    await endTurn(db, ended.turn.id, { status: 'cancelled', answer: null })
    await endTurn(db, waiting.turn.id, { status: 'cancelled', answer: null })
    await deleteChat(db, deleted.turn)
    const statusOf = async ({ turn: { userId }, executionId }: typeof ended) =>
      (await getExecution(db, { executionId, userId })).status
    expect(await statusOf(ended)).to.equal('cancelled')
    expect(await statusOf(deleted)).to.equal('cancelled')
    // Its own workflow ends it, together with its approval.
    expect(await statusOf(waiting)).to.equal('pending_approval')
  })

  it('are no answer to hang a message on until they have one', async () => {
    const { db } = world.database
    const first = await world.makeTurn({ content: 'hello', tools: [tool] })
    await world.runStep(first, 1)
    const answer = (await world.messagesOf(first)).at(-1)
    const { turn } = await makeCalling(first)
    const calls = (await world.messagesOf(turn)).at(-1)
    const ask = (parentMessageId?: string) =>
      createTurn(db, {
        userId: turn.userId,
        chatId: turn.chatId,
        turnId: newId(),
        content: 'And?',
        defaultModel: 'offline/extractive',
        attachmentIds: [],
        parentMessageId,
      })
    const next = await ask()
    const [question] = await world.messagesOf({ ...turn, id: next.id })
    expect(question?.parentMessageId).to.equal(answer?.id)
    expect((await appErrorOf(ask(calls?.id))).code).to.equal('request.invalid')
    expect((await getTurn(db, { ...turn, turnId: next.id })).status).to.equal('queued')
  })
})
