// What never answers ends as failed, with a problem that says so and in bounded time, and holds up nobody else.
import { Client, Connection } from '@temporalio/client'
import { expect } from 'chai'
import { createTurn } from '../../db/chat/turns.ts'
import { openDatabase } from '../../db/database.ts'
import { newId } from '../../db/ids.ts'
import { type ApiClient, signUp } from '../support/api-client.ts'
import { makeHostileUploads } from '../support/documents.ts'
import { followDocumentToEnd, followTurnPersistently } from '../support/follow.ts'
import { type MockUpstream, startMockUpstream } from '../support/mock-upstream.ts'
import { applicationDatabaseUrl } from '../support/platform-database.ts'
import { type PlatformProcess, startPlatformProcess } from '../support/platform-process.ts'

/** For the mock: an answer that never comes. */
const never = (): Promise<never> => new Promise(() => {})

describe('what never answers', function () {
  this.timeout(180_000)
  let upstream: MockUpstream
  let platform: PlatformProcess
  let client: ApiClient & { readonly userId: string }

  before(async () => {
    upstream = await startMockUpstream({
      fixtures: [
        { match: { endpoint: 'chat', userMessage: 'never answer' }, response: never },
        { match: { endpoint: 'embedding', inputText: 'unspeakable' }, response: never },
      ],
    })
    const env = { OPENAI_BASE_URL: upstream.baseUrl, OPENAI_API_KEY: 'mock', CDSA_LLM_STALL_TIMEOUT_MS: '300' }
    platform = await startPlatformProcess({ env })
    client = await signUp(platform.run.apiUrl)
  })
  after(async () => {
    await platform?.stop()
    await upstream?.stop()
  })

  const ask = async (content: string, order: string[]): Promise<string> => {
    const chat = (await client.post('/chats')).body['chat'].id
    const { body } = await client.post(`/chats/${chat}/turns`, { content })
    const { ending } = await followTurnPersistently(client, body['eventsUrl'], { deadlineMs: 120_000 })
    order.push(content)
    return `${ending?.event} ${ending?.data['problem']?.code ?? ''}`.trim()
  }
  const upload = async (filename: string, bytes: Buffer, order: string[]): Promise<string> => {
    const { body } = await client.upload({ filename, bytes })
    const { event, data } = await followDocumentToEnd(client, body['document'].id)
    order.push(filename)
    return `${event} ${data['document'].problem?.code ?? ''}`.trim()
  }

  it('is a model, for chats or for embeddings: what asked it fails, and other turns and documents go on', async () => {
    const order: string[] = []
    const turns = Promise.all(['never answer', 'one', 'two', 'three'].map((content) => ask(content, order)))
    const documents = Promise.all(
      ['unspeakable', 'good', 'better'].map((word) => upload(`${word}.txt`, Buffer.from(`An ${word} word.`), order)),
    )
    expect(await turns).to.deep.equal(['turn.failed llm.unavailable', ...Array(3).fill('turn.completed')])
    expect(await documents).to.deep.equal(['document.failed llm.unavailable', ...Array(2).fill('document.indexed')])
    expect(order.slice(-2).toSorted()).to.deep.equal(['never answer', 'unspeakable.txt'])
  })

  it('is a parser, for documents that crash it or fill its memory: they fail, and a good one beside them doesn’t', async () => {
    const hostile = (await makeHostileUploads()).filter(
      ({ name, expected }) => expected.startsWith('failed ') && /unpacks|entities|nested/.test(name),
    )
    expect(hostile.length).to.be.greaterThan(4)
    const order: string[] = []
    const ends = await Promise.all([
      ...hostile.map(({ filename, bytes }) => upload(filename, bytes, order)),
      upload('good-too.txt', Buffer.from('Another good word.'), order),
    ])
    expect(ends).to.deep.equal([
      ...hostile.map(({ expected }) => expected.replace('failed ', 'document.failed ')),
      'document.indexed',
    ])
  })

  it('is a workflow that was ended before it began: its turn fails instead of staying queued', async () => {
    const turnId = newId()
    const connection = await Connection.connect({ address: platform.run.temporalAddress })
    const temporal = new Client({ connection })
    const db = openDatabase({ url: applicationDatabaseUrl(process.env, platform.dataDir), poolSize: 1 })
    try {
      const chatId = (await client.post('/chats')).body['chat'].id
      const options = { workflowId: `chat-turn/${turnId}`, taskQueue: 'nobody-listens', args: [] }
      await (await temporal.workflow.start('chatTurn', options)).terminate('by hand')
      const access = { userId: client.userId, chatId, turnId }
      await createTurn(db, { ...access, content: 'x', defaultModel: 'openai/gpt-4o-mini', attachmentIds: [] })
      await db.execute(`update turns set created_at = now() - interval '1 minute' where id = $1`, [turnId])
      const { ending } = await followTurnPersistently(client, `/api/v1/chats/${chatId}/turns/${turnId}/events`)
      expect(ending?.event).to.equal('turn.failed')
      expect(ending?.data['problem'].detail).to.match(/lost/)
    } finally {
      await db.close()
      await connection.close()
    }
  })
})
