// `search_documents` as a tool, called by a person and by a model: it finds what its user may read at that moment, whatever was
// shared before, and is never answered from what was found then.
import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import { followDocumentToEnd, followToEnd } from '../support/follow.ts'
import { type Person, type ToolsWorld, startToolsWorld } from '../support/tools-world.ts'

describe('[L4] a search by a tool', function () {
  this.timeout(120_000)
  const word = `lighthouse${randomUUID().slice(0, 8)}`
  let world: ToolsWorld
  let owner: Person
  let other: Person
  let toolId: string
  let collectionId: string
  let chatId: string

  before(async () => {
    world = await startToolsWorld()
    ;[owner, other] = [await world.person('user'), await world.person('user')]
    toolId = (await world.toolNamed('search_documents'))['id']
    collectionId = (await owner.post('/collections', { name: 'Private' })).body['collection'].id
    const file = { filename: 'a.txt', bytes: Buffer.from(`The ${word} is painted every spring.`) }
    const { document } = (await owner.upload(file, { collectionId })).body
    await followDocumentToEnd(owner, document.id)
    const chat = { toolIds: [toolId], model: 'offline/extractive' }
    chatId = (await other.post('/chats', chat)).body['chat'].id
  })
  after(() => world?.stop())

  async function found(person: Person, given: object = {}): Promise<boolean> {
    const { id } = await world.execute(person, toolId, { query: word, ...given })
    const { status, result, cached } = await world.execution(person, id, 'succeeded', 'failed')
    expect({ status, cached }).to.deep.equal({ status: 'succeeded', cached: false })
    return JSON.stringify(result).includes(word)
  }

  /** The model asks with the word, so that only the tool's result is looked at. */
  async function foundByModel(): Promise<boolean> {
    const content = `/search_documents ${JSON.stringify({ query: word })}`
    const { body } = await other.post(`/chats/${chatId}/turns`, { content })
    const events = await followToEnd(other, body['eventsUrl'])
    expect(events.at(-1)?.event).to.equal('turn.completed')
    const completed = events.find(({ event }) => event === 'tool.completed')?.data
    expect(completed).to.include({ status: 'succeeded' })
    return JSON.stringify(completed?.['result']).includes(word)
  }

  it('gives nobody what another one may read, nor what was shared a moment ago', async () => {
    const share = `/collections/${collectionId}/members/${other.userId}`
    expect([await found(owner), await found(other), await foundByModel()]).to.deep.equal([true, false, false])
    expect(await found(other, { collectionIds: [collectionId] })).to.equal(false)
    await owner.request('PUT', share, { body: { role: 'reader' } })
    expect([await found(other), await foundByModel()]).to.deep.equal([true, true])
    await owner.request('DELETE', share)
    expect([await found(other), await foundByModel()]).to.deep.equal([false, false])
    expect(await found(other, { collectionIds: [collectionId] })).to.equal(false)
    expect(await found(owner)).to.equal(true)
  })

  it('keeps no result, also where an administrator wants one kept', async () => {
    const patch = { body: { cacheTtlSeconds: 600 } }
    const { status, body } = await world.admin.request('PATCH', `/tools/${toolId}`, patch)
    expect(status === 200 ? body['tool'].cacheTtlSeconds : 0, JSON.stringify(body)).to.equal(0)
  })
})
