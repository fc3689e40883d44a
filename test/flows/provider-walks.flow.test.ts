// The first walk through each provider's SDK: embeddings and answers come from a server that somebody else wrote. One
// platform has all providers configured; a turn names its model.
import { expect } from 'chai'
import { type ApiClient, signUp } from '../support/api-client.ts'
import { handbookFacts, makeHandbookPdf } from '../support/documents.ts'
import { followDocumentToEnd, followToEnd } from '../support/follow.ts'
import { type MockUpstream, passagesIn, startMockUpstream } from '../support/mock-upstream.ts'
import { type PlatformProcess, startPlatformProcess } from '../support/platform-process.ts'

/** Where each provider's requests arrive; aimock counts usage for OpenAI alone, so the others' is estimated. */
const walks = [
  { model: 'openai/gpt-4.1-mini', path: '/v1/chat/completions', estimated: false },
  { model: 'anthropic/claude-haiku-4-5', path: '/v1/messages', estimated: true },
  { model: 'ollama/llama3.2', path: '/api/chat', estimated: true },
] as const

describe('asking a document through the SDKs of OpenAI, Anthropic and Ollama', function () {
  this.timeout(120_000)
  let upstream: MockUpstream
  let platform: PlatformProcess
  let client: ApiClient
  let documentId: string

  before(async () => {
    upstream = await startMockUpstream({
      fixtures: [
        {
          // Answers with the passage that holds the fact, as a model would that reads all of them.
          match: { endpoint: 'chat', predicate: (request) => passagesIn(request).length > 0 },
          response: (request) => {
            const fact = handbookFacts.find(({ question }) => JSON.stringify(request.messages).includes(question))
            const passage = passagesIn(request).find(({ text }) => text.includes(fact?.answer ?? '?'))
            return {
              content: `It says “${fact?.answer}” [${passage?.marker ?? '99'}], and nothing of the sort in [77].`,
            }
          },
        },
      ],
    })
    platform = await startPlatformProcess({
      env: {
        OPENAI_BASE_URL: upstream.baseUrl,
        OPENAI_API_KEY: 'mock',
        ANTHROPIC_BASE_URL: upstream.url,
        ANTHROPIC_API_KEY: 'mock',
        OLLAMA_HOST: upstream.url,
        CDSA_EMBEDDING_MODEL: 'ollama/nomic-embed-text',
      },
    })
    client = await signUp(platform.run.apiUrl)
    const uploaded = await client.upload({ filename: 'handbook.pdf', bytes: await makeHandbookPdf() })
    documentId = uploaded.body['document'].id
    expect((await followDocumentToEnd(client, documentId)).event).to.equal('document.indexed')
  })
  after(async () => {
    await platform?.stop()
    await upstream?.stop()
  })

  const asked = (path: string): number => upstream.requests().filter((request) => request.path === path).length

  it('embeds the document through Ollama, and takes OpenAI for chats, as the first that is configured', async () => {
    expect(upstream.embedRequests().length).to.be.greaterThan(0)
    const chatId = (await client.post('/chats')).body['chat'].id
    const turn = await client.post(`/chats/${chatId}/turns`, { content: 'Hello' })
    expect(turn.body['turn'].model).to.equal('openai/gpt-4.1-mini')
    await followToEnd(client, turn.body['eventsUrl'])
  })

  for (const { model, path, estimated } of walks) {
    it(`retrieves, streams and cites with ${model}`, async () => {
      const before = asked(path)
      const embedded = upstream.embedRequests().length
      for (const fact of handbookFacts.slice(0, 2)) {
        const chatId = (await client.post('/chats', { documentIds: [documentId] })).body['chat'].id
        const turn = await client.post(`/chats/${chatId}/turns`, { content: fact.question, model })
        expect(turn.body['turn'].model).to.equal(model)
        const last = (await followToEnd(client, turn.body['eventsUrl'])).at(-1)
        expect(last?.event).to.equal('turn.completed')
        const { content, citations, usage } = last?.data['message'] ?? {}
        expect(content).to.include(fact.answer)
        expect(citations).to.have.length(1)
        expect(citations[0].page).to.equal(fact.page)
        expect(citations[0].quote).to.include(fact.answer)
        expect(usage.estimated).to.equal(estimated)
      }
      expect(asked(path) - before).to.equal(2)
      expect(upstream.embedRequests().length - embedded).to.equal(2)
    })

    it(`says what is wrong when the provider of ${model} rejects the request, once`, async () => {
      const words = `reject this, ${model}`
      upstream.script({
        match: { endpoint: 'chat', userMessage: words },
        response: { error: { message: 'sk-canary' }, status: 400 },
      })
      const chatId = (await client.post('/chats')).body['chat'].id
      const turn = await client.post(`/chats/${chatId}/turns`, { content: words, model })
      const last = (await followToEnd(client, turn.body['eventsUrl'])).at(-1)
      expect(last?.event).to.equal('turn.failed')
      expect(last?.data['problem'].code).to.equal('llm.rejected')
      expect(JSON.stringify(last)).not.to.include('canary')
      const read = (await client.get(`/chats/${chatId}/turns/${turn.body['turn'].id}`)).body['turn']
      expect([read.status, read.problem.code]).to.deep.equal(['failed', 'llm.rejected'])
      expect(upstream.requests().filter(({ body }) => JSON.stringify(body).includes(words))).to.have.length(1)
    })
  }

  it('knows what is configured: a model of no provider is refused before a turn is made', async () => {
    const chatId = (await client.post('/chats')).body['chat'].id
    const refused = await client.post(`/chats/${chatId}/turns`, { content: 'x', model: 'other/model' })
    expect([refused.status, refused.body['code']]).to.deep.equal([422, 'chat.model_unknown'])
    expect(refused.body['detail']).to.include('openai/…, anthropic/…, ollama/…')
  })
})
