// The first walk through the OpenAI SDK: embeddings and answers come from a server that somebody else wrote.
import { expect } from 'chai'
import { signUp } from '../support/api-client.ts'
import { handbookFacts, makeHandbookPdf } from '../support/documents.ts'
import { followDocumentToEnd, followToEnd } from '../support/follow.ts'
import { type MockUpstream, passagesIn, startMockUpstream } from '../support/mock-upstream.ts'
import { type PlatformProcess, startPlatformProcess } from '../support/platform-process.ts'

describe('asking a document through the OpenAI SDK', function () {
  this.timeout(120_000)
  let upstream: MockUpstream
  let platform: PlatformProcess

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
    platform = await startPlatformProcess({ env: { OPENAI_BASE_URL: upstream.baseUrl, OPENAI_API_KEY: 'mock' } })
  })
  after(async () => {
    await platform?.stop()
    await upstream?.stop()
  })

  it('embeds, retrieves, streams and cites, with the provider’s own usage', async () => {
    const client = await signUp(platform.run.apiUrl)
    const uploaded = await client.upload({ filename: 'handbook.pdf', bytes: await makeHandbookPdf() })
    const documentId = uploaded.body['document'].id
    expect((await followDocumentToEnd(client, documentId)).event).to.equal('document.indexed')
    for (const fact of handbookFacts.slice(0, 3)) {
      const chatId = (await client.post('/chats', { documentIds: [documentId] })).body['chat'].id
      const turn = await client.post(`/chats/${chatId}/turns`, { content: fact.question })
      expect(turn.body['turn'].model).to.match(/^openai\//)
      const last = (await followToEnd(client, turn.body['eventsUrl'])).at(-1)
      expect(last?.event).to.equal('turn.completed')
      const { content, citations, usage } = last?.data['message'] ?? {}
      expect(content).to.include(fact.answer)
      expect(citations).to.have.length(1)
      expect(citations[0].page).to.equal(fact.page)
      expect(citations[0].quote).to.include(fact.answer)
      expect(usage.estimated).to.equal(false)
    }
    const paths = upstream.requests().map(({ path }) => path)
    expect(paths.filter((path) => path.endsWith('/embeddings')).length).to.be.greaterThan(3)
    expect(paths.filter((path) => path.endsWith('/chat/completions'))).to.have.length(3)
  })

  it('says what is wrong when the provider rejects the request, once', async () => {
    upstream.script({
      match: { endpoint: 'chat', userMessage: 'reject this' },
      response: { error: { message: 'sk-canary' }, status: 400 },
    })
    const client = await signUp(platform.run.apiUrl)
    const chatId = (await client.post('/chats')).body['chat'].id
    const turn = await client.post(`/chats/${chatId}/turns`, { content: 'reject this' })
    const last = (await followToEnd(client, turn.body['eventsUrl'])).at(-1)
    expect(last?.event).to.equal('turn.failed')
    expect(last?.data['problem'].code).to.equal('llm.rejected')
    expect(JSON.stringify(last)).not.to.include('canary')
    const read = (await client.get(`/chats/${chatId}/turns/${turn.body['turn'].id}`)).body['turn']
    expect([read.status, read.problem.code]).to.deep.equal(['failed', 'llm.rejected'])
    expect(
      upstream.requests().filter((request) => JSON.stringify(request.body).includes('reject this')),
    ).to.have.length(1)
  })
})
