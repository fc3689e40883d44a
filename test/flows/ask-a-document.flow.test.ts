// The first walk: register, collect, upload, ask, and get an answer that quotes the page it cites.
import { expect } from 'chai'
import { createApiClient, signUp } from '../support/api-client.ts'
import { handbookFacts, makeHandbookPdf } from '../support/documents.ts'
import { followDocumentToEnd, followToEnd } from '../support/follow.ts'
import { sharedPlatform } from '../support/shared-platform.ts'

describe('asking a document', function () {
  this.timeout(120_000)

  it('streams an answer that quotes the handbook and cites the page of the fact', async () => {
    const { run } = await sharedPlatform()
    const client = await signUp(run.apiUrl)
    const { body: made } = await client.post('/collections', { name: 'Handbook' })
    const uploaded = await client.upload(
      { filename: 'handbook.pdf', bytes: await makeHandbookPdf() },
      { collectionId: made['collection'].id },
    )
    expect(uploaded.status).to.equal(202)
    const indexed = await followDocumentToEnd(client, uploaded.body['document'].id)
    expect(indexed.event).to.equal('document.indexed')
    expect(indexed.data['document'].pageCount).to.be.greaterThan(3)

    const { body: chat } = await client.post('/chats', { collectionIds: [made['collection'].id] })
    for (const fact of handbookFacts) {
      const turn = await client.post(`/chats/${chat['chat'].id}/turns`, { content: fact.question })
      expect(turn.status).to.equal(202)
      const events = await followToEnd(client, turn.body['eventsUrl'])
      const names = events.map((event) => event.event)
      expect(names[0]).to.equal('turn.started')
      expect(names).to.include.members(['retrieval.completed', 'context.built', 'usage.reported'])
      expect(names.at(-1)).to.equal('turn.completed')
      const message = events.at(-1)?.data['message']
      const text = events
        .filter((event) => event.event === 'text.delta')
        .map((event) => event.data['text'])
        .join('')
      expect(message.content).to.equal(text)
      expect(message.content).to.include(fact.answer)
      const [citation] = message.citations
      expect(citation.page, fact.question).to.equal(fact.page)
      expect(citation.quote).to.include(fact.answer)
      expect(citation.documentId).to.equal(uploaded.body['document'].id)
    }
  })

  it('gives the same document for the same bytes, and keeps what others may not see from them', async () => {
    const { run } = await sharedPlatform()
    const owner = await signUp(run.apiUrl)
    const stranger = await signUp(run.apiUrl)
    const file = { filename: 'note.txt', bytes: Buffer.from(`The vault code word of ${owner.email} is heliotrope.`) }
    const first = await owner.upload(file)
    await followDocumentToEnd(owner, first.body['document'].id)
    const second = await owner.upload(file)
    expect(second.body['document'].id).to.equal(first.body['document'].id)

    const path = `/documents/${first.body['document'].id}`
    for (const suffix of ['', '/content', '/elements', '/chunks', '/events']) {
      expect((await stranger.get(`${path}${suffix}`)).status, suffix).to.equal(404)
    }
    for (const mode of ['semantic', 'keyword', 'hybrid']) {
      const query = { query: 'vault code word heliotrope', mode }
      expect((await owner.post('/search', query)).body['results'], mode).to.have.length(1)
      expect((await stranger.post('/search', query)).body['results'], mode).to.deep.equal([])
      const named = { ...query, documentIds: [first.body['document'].id] }
      expect((await stranger.post('/search', named)).body['results'], mode).to.deep.equal([])
    }
    expect((await createApiClient(run.apiUrl).get(path)).status).to.equal(401)
  })

  it('follows a change of sharing at the next search and the next turn', async () => {
    const { run } = await sharedPlatform()
    const owner = await signUp(run.apiUrl)
    const guest = await signUp(run.apiUrl)
    const { body: made } = await owner.post('/collections', { name: 'Shared' })
    const id = made['collection'].id
    const uploaded = await owner.upload(
      {
        filename: 'plan.md',
        bytes: Buffer.from('# Plan\n\nThe spring fair opens on the fourth of May at the quayside.'),
      },
      { collectionId: id },
    )
    await followDocumentToEnd(owner, uploaded.body['document'].id)
    const search = async () =>
      (await guest.post('/search', { query: 'When does the spring fair open?' })).body['results']
    expect(await search()).to.deep.equal([])
    const member = await owner.request('PUT', `/collections/${id}/members/${guest.userId}`, {
      body: { role: 'reader' },
    })
    expect(member.status).to.equal(200)
    expect(await search()).to.have.length(1)
    expect((await guest.request('DELETE', `/documents/${uploaded.body['document'].id}`)).status).to.equal(403)
    const { body: chat } = await guest.post('/chats', { collectionIds: [id] })
    const ask = async () => {
      const turn = await guest.post(`/chats/${chat['chat'].id}/turns`, { content: 'When does the spring fair open?' })
      return (await followToEnd(guest, turn.body['eventsUrl'])).at(-1)?.data['message']
    }
    expect((await ask()).content).to.include('fourth of May')
    expect((await owner.request('DELETE', `/collections/${id}/members/${guest.userId}`)).status).to.equal(204)
    expect(await search()).to.deep.equal([])
    expect((await ask()).citations).to.deep.equal([])
  })
})
