// An answer survives an outage of the database at the very moment of its commit: one answer, without another attempt.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { commitEnding } from '../../../activities/chat/commit-ending.ts'
import { createChat } from '../../../db/chat/chats.ts'
import { listMessages } from '../../../db/chat/messages.ts'
import { type TurnEnding, beginTurn } from '../../../db/chat/turn-work.ts'
import { createTurn } from '../../../db/chat/turns.ts'
import { type Db, openDatabase } from '../../../db/database.ts'
import { newId } from '../../../db/ids.ts'
import { migrate } from '../../../db/migrate.ts'
import { type EmbeddedDatabase, startEmbeddedDatabase } from '../../../platform/embedded/embedded-database.ts'
import { createLogger } from '../../../platform/logger.ts'
import { rejection } from '../../support/rejection.ts'

const log = createLogger({ level: 'silent' })

describe('committing an answer', function () {
  this.timeout(60_000)
  let directory: string
  let embedded: EmbeddedDatabase
  let db: Db
  const userId = newId()
  const chatId = newId()

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cdsa-commit-'))
    embedded = await startEmbeddedDatabase({ directory, log })
    const owner = openDatabase({ url: embedded.ownerUrl, poolSize: 1 })
    await migrate(owner, 'cdsa_app')
    await owner.close()
    db = openDatabase({ url: embedded.applicationUrl })
    const user = {
      id: userId,
      email: `${userId}@example.org`,
      displayName: 'U',
      password: { hash: 'x', pepperId: '1' },
    }
    await db.models.User.create(user)
    await createChat(db, { userId, chatId }, {})
  })
  after(async () => {
    await db?.close()
    await embedded?.stop()
    await rm(directory, { recursive: true, force: true, maxRetries: 10 })
  })

  async function makeAnswer(turnId: string): Promise<TurnEnding> {
    await createTurn(db, {
      userId,
      chatId,
      turnId,
      content: 'x',
      defaultModel: 'offline/extractive',
      attachmentIds: [],
    })
    const work = await beginTurn(db, turnId)
    const usage = { inputTokens: 1, outputTokens: 1, estimated: true }
    const parentMessageId = work?.userMessageId ?? ''
    const answer = { step: 1, content: turnId, citations: [], model: 'm', usage, parentMessageId }
    return { status: 'completed', answer }
  }
  const stored = async (turnId: string): Promise<number> =>
    (await listMessages(db, { userId, chatId }, { limit: 100 })).data.filter(({ content }) => content === turnId).length

  it('tries again until a killed database is back', async () => {
    const turnId = newId()
    const ending = await makeAnswer(turnId)
    process.kill(embedded.pid, 'SIGKILL')
    const stop = { signal: new AbortController().signal, isUserCancel: () => false }
    const ended = await commitEnding({ db, log }, turnId, { ending, stop })
    expect(ended?.message?.content).to.equal(turnId)
    expect(await stored(turnId)).to.equal(1)
  })

  it('leaves it to another worker when this one has to stop', async () => {
    const turnId = newId()
    const ending = await makeAnswer(turnId)
    process.kill(embedded.pid, 'SIGKILL')
    const stop = { signal: AbortSignal.abort(new Error('the worker stops')), isUserCancel: () => false }
    const error = await rejection(commitEnding({ db, log }, turnId, { ending, stop }))
    expect(error.message).to.equal('the worker stops')
    const patient = { signal: new AbortController().signal, isUserCancel: () => false }
    expect((await commitEnding({ db, log }, turnId, { ending, stop: patient }))?.status).to.equal('completed')
    expect(await stored(turnId)).to.equal(1)
  })
})
