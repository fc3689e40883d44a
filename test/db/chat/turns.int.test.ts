// Turns on a real database: one question and one ending each, whoever repeats what; and the branch that a question stands on.
import { expect } from 'chai'
import { createChat } from '../../../db/chat/chats.ts'
import { listMessages } from '../../../db/chat/messages.ts'
import { beginTurn, endTurn, findEndedTurn } from '../../../db/chat/turn-work.ts'
import { type NewTurn, createTurn, getTurn } from '../../../db/chat/turns.ts'
import { newId } from '../../../db/ids.ts'
import { appErrorOf } from '../../support/app-error-of.ts'
import { startTestDatabase, type TestDatabase } from '../../support/database.ts'

const model = 'offline/extractive'
const withoutCalls = { toolCalls: [], callId: null }
const usage = { inputTokens: 3, outputTokens: 2, estimated: false }

describe('turns', function () {
  this.timeout(60_000)
  let database: TestDatabase

  before(async () => {
    database = await startTestDatabase()
  })
  after(() => database.stop())

  async function makeChat(): Promise<{ userId: string; chatId: string }> {
    const [userId, chatId] = [newId(), newId()]
    const user = { id: userId, email: `${userId}@example.org`, displayName: 'U', passwordHash: 'x', pepperId: '1' }
    await database.db.models.User.create(user)
    await createChat(database.db, { userId, chatId }, { systemPrompt: 'Be brief.' })
    return { userId, chatId }
  }
  const question = (access: { userId: string; chatId: string }, content: string): NewTurn => {
    return { ...access, turnId: newId(), content, defaultModel: model, attachmentIds: [newId()] }
  }
  const complete = (turn: { id: string; userMessageId: string }, content: string) =>
    endTurn(database.db, turn.id, {
      status: 'completed',
      answer: { step: 1, content, citations: [], model, usage, parentMessageId: turn.userMessageId },
    })

  it('are stored once with their message, and follow the newest answer or the one that is named', async () => {
    const { db } = database
    const access = await makeChat()
    const first = question(access, 'One?')
    const made = await createTurn(db, first)
    expect(await createTurn(db, { ...first, content: 'Other?' })).to.deep.equal(made)
    expect(made).to.deep.include({ status: 'queued', model, usage: null, startedAt: null })
    const one = await complete(made, 'One.')
    const second = await createTurn(db, question(access, 'Two?'))
    await complete(second, 'Two.')
    const sibling = await createTurn(db, { ...question(access, 'Two again?'), parentMessageId: one?.message?.id })

    const messages = (await listMessages(db, access, { limit: 10 })).data.toReversed()
    expect(messages.map(({ content }) => content)).to.deep.equal(['One?', 'One.', 'Two?', 'Two.', 'Two again?'])
    const parents = messages.map(({ parentMessageId }) => messages.find(({ id }) => id === parentMessageId)?.content)
    expect(parents).to.deep.equal([undefined, 'One?', 'One.', 'Two?', 'One.'])
    const work = await beginTurn(db, sibling.id)
    expect(work?.branch).to.deep.equal([
      { role: 'user', content: 'One?', ...withoutCalls },
      { role: 'assistant', content: 'One.', ...withoutCalls },
      { role: 'user', content: 'Two again?', ...withoutCalls },
    ])
    expect(work).to.deep.include({ ownerId: access.userId, chatId: access.chatId, systemPrompt: 'Be brief.' })
    expect(work?.documentIds).to.have.length(1)
  })

  it('are refused in a chat of somebody else, and under a message that is no answer in it', async () => {
    const { db } = database
    const [access, other] = [await makeChat(), await makeChat()]
    const made = await createTurn(db, question(access, 'Mine?'))
    const codeOf = (input: NewTurn) => appErrorOf(createTurn(db, input)).then(({ code }) => code)
    expect(await codeOf({ ...question(access, 'x'), userId: other.userId })).to.equal('resource.not_found')
    expect(await codeOf({ ...question(access, 'x'), parentMessageId: made.userMessageId })).to.equal('request.invalid')
    const ended = await complete(made, 'Yours.')
    expect(await codeOf({ ...question(other, 'x'), parentMessageId: ended?.message?.id })).to.equal('request.invalid')
    expect((await listMessages(db, access, { limit: 10 })).data).to.have.length(2)
    expect((await listMessages(db, other, { limit: 10 })).data).to.have.length(0)
  })

  it('end once, with the answer of the ending that counts', async () => {
    const { db } = database
    const access = await makeChat()
    const turn = await createTurn(db, question(access, 'When?'))
    expect(await findEndedTurn(db, turn.id)).to.equal(undefined)
    const ended = await complete(turn, 'Now.')
    expect(ended).to.deep.include({ status: 'completed', problem: null })
    expect(ended?.message).to.deep.include({ content: 'Now.', role: 'assistant', usage, model, turnId: turn.id })
    expect(await complete(turn, 'Later.')).to.deep.equal(ended)
    expect(await endTurn(db, turn.id, { status: 'cancelled', answer: null })).to.deep.equal(ended)
    expect(await beginTurn(db, turn.id)).to.equal(undefined)
    expect(await getTurn(db, { ...access, turnId: turn.id })).to.deep.include({ status: 'completed', usage })
    expect(await complete({ id: newId(), userMessageId: newId() }, 'Nobody.')).to.equal(undefined)
  })

  it('end without an answer when they fail, or are cancelled before there is one', async () => {
    const { db } = database
    const access = await makeChat()
    const [failed, cancelled] = [
      await createTurn(db, question(access, 'a')),
      await createTurn(db, question(access, 'b')),
    ]
    const problem = { code: 'llm.unavailable', title: 'Away' } as const
    const ending = { status: 'failed', problem, message: null }
    expect(await endTurn(db, failed.id, { status: 'failed', problem })).to.deep.equal(ending)
    expect(await findEndedTurn(db, failed.id)).to.deep.equal(ending)
    expect((await endTurn(db, cancelled.id, { status: 'cancelled', answer: null }))?.message).to.equal(null)
    expect((await getTurn(db, { ...access, turnId: failed.id })).problem).to.deep.equal(problem)
  })
})
