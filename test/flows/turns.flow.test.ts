// Turns as a client drives them: streamed in the answer, followed, resumed, repeated safely, branched and retried.
import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import { type ApiClient, signUp } from '../support/api-client.ts'
import { type TurnEventSeen, followToEnd } from '../support/follow.ts'
import { openEvents } from '../support/server-sent-events.ts'
import { sharedPlatform } from '../support/shared-platform.ts'

const newChat = async (client: ApiClient): Promise<string> => (await client.post('/chats')).body['chat'].id
const numberOf = (id: string): number[] => id.split('-').map(Number)
const isAbove = (a: string, b: string): boolean => {
  const [[epochA = 0, seqA = 0], [epochB = 0, seqB = 0]] = [numberOf(a), numberOf(b)]
  return epochA > epochB || (epochA === epochB && seqA > seqB)
}

describe('turns', function () {
  this.timeout(60_000)
  let client: ApiClient

  before(async () => {
    client = await signUp((await sharedPlatform()).run.apiUrl)
  })

  it('streams its events in the answer of the POST when the client accepts them', async () => {
    const chatId = await newChat(client)
    const stream = await openEvents(`${client.apiUrl}/api/v1/chats/${chatId}/turns`, {
      method: 'POST',
      headers: { authorization: `Bearer ${client.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ content: 'Who are you?' }),
    })
    expect(stream.headers.get('content-type')).to.match(/^text\/event-stream/)
    expect(stream.headers.get('content-encoding')).to.equal(null)
    expect(stream.headers.get('x-accel-buffering')).to.equal('no')
    const names: string[] = []
    const ids: string[] = []
    for await (const { event, id } of stream.events) {
      names.push(event ?? '')
      ids.push(id ?? '')
    }
    expect(names[0]).to.equal('turn.started')
    expect(names.filter((name) => name === 'turn.completed')).to.have.length(1)
    expect(names.at(-1)).to.equal('turn.completed')
    for (const [index, id] of ids.slice(1).entries()) expect(isAbove(id, ids[index] ?? ''), id).to.equal(true)
  })

  it('gives every event once to a reader who resumes after any event, and 204 after the last', async () => {
    const chatId = await newChat(client)
    const { body } = await client.post(`/chats/${chatId}/turns`, { content: 'Tell me what you can do.' })
    const all = await followToEnd(client, body['eventsUrl'])
    expect(all.length).to.be.greaterThan(3)
    for (const [index, { id }] of all.slice(0, -1).entries()) {
      const rest = await followToEnd(client, body['eventsUrl'], id)
      expect(rest.map((event) => event.id)).to.deep.equal(all.slice(index + 1).map((event) => event.id))
    }
    const past = await client.request('GET', body['eventsUrl'], { headers: { 'last-event-id': all.at(-1)?.id ?? '' } })
    expect(past.status).to.equal(204)
    const malformed = await client.request('GET', body['eventsUrl'], { headers: { 'last-event-id': 'x' } })
    expect(malformed.status).to.equal(400)
  })

  it('makes one turn of a repeated request, also when the repeats come at once', async () => {
    const chatId = await newChat(client)
    const headers = { 'idempotency-key': randomUUID() }
    const send = () => client.post(`/chats/${chatId}/turns`, { content: 'Once, please.' }, headers)
    const answers = await Promise.all(Array.from({ length: 10 }, send))
    const accepted = answers.filter((answer) => answer.status === 202)
    const inFlight = answers.filter((answer) => answer.status === 409)
    expect(accepted.length + inFlight.length).to.equal(10)
    expect(new Set(accepted.map((answer) => answer.body['turn'].id)).size).to.equal(1)
    const again = await send()
    expect(again.body['turn'].id).to.equal(accepted[0]?.body['turn'].id)
    await followToEnd(client, again.body['eventsUrl'])
    const { body } = await client.get(`/chats/${chatId}/messages`)
    expect(body['data'].map((message: { role: string }) => message.role)).to.deep.equal(['assistant', 'user'])
    const other = await client.post(`/chats/${chatId}/turns`, { content: 'Something else.' }, headers)
    expect(other.status).to.equal(422)
    expect(other.body['code']).to.equal('idempotency.mismatch')
  })

  it('answers again beside the old answer, and branches from a named one', async () => {
    const chatId = await newChat(client)
    const first = await client.post(`/chats/${chatId}/turns`, { content: 'First.' })
    await followToEnd(client, first.body['eventsUrl'])
    const retried = await client.post(`/chats/${chatId}/turns/${first.body['turn'].id}/retry`)
    expect(retried.status).to.equal(202)
    expect(retried.body['turn'].id).not.to.equal(first.body['turn'].id)
    const done = (await followToEnd(client, retried.body['eventsUrl'])).at(-1) as TurnEventSeen
    const { body } = await client.get(`/chats/${chatId}/messages`)
    const answers = body['data'].filter((message: { role: string }) => message.role === 'assistant')
    const questions = body['data'].filter((message: { role: string }) => message.role === 'user')
    expect(questions).to.have.length(1)
    expect(answers.map((answer: { parentMessageId: string }) => answer.parentMessageId)).to.deep.equal([
      questions[0].id,
      questions[0].id,
    ])
    const older = answers.find((answer: { id: string }) => answer.id !== done.data['message'].id)
    const branch = await client.post(`/chats/${chatId}/turns`, {
      content: 'From the old one.',
      parentMessageId: older.id,
    })
    expect(branch.status).to.equal(202)
    await followToEnd(client, branch.body['eventsUrl'])
    const wrong = await client.post(`/chats/${chatId}/turns`, { content: 'x', parentMessageId: questions[0].id })
    expect(wrong.status).to.equal(422)
    const newest = (await client.get(`/chats/${chatId}/messages?limit=2`)).body
    expect(newest['hasMore']).to.equal(true)
    expect(newest['data'][1].parentMessageId).to.equal(older.id)
  })

  it('refuses what a turn in its state can’t do, and hides the turns of others', async () => {
    const chatId = await newChat(client)
    const { body } = await client.post(`/chats/${chatId}/turns`, { content: 'Quick.' })
    await followToEnd(client, body['eventsUrl'])
    const path = `/chats/${chatId}/turns/${body['turn'].id}`
    const turn = (await client.get(path)).body['turn']
    expect(turn.status).to.equal('completed')
    expect(turn.usage.outputTokens).to.be.greaterThan(0)
    const cancelled = await client.post(`${path}/cancel`)
    expect([cancelled.status, cancelled.body['code']]).to.deep.equal([409, 'turn.ended'])
    const stranger = await signUp(client.apiUrl)
    for (const [method, suffix] of [
      ['GET', ''],
      ['GET', '/events'],
      ['POST', '/cancel'],
      ['POST', '/retry'],
    ] as const) {
      expect((await stranger.request(method, `${path}${suffix}`)).status, suffix).to.equal(404)
    }
    expect((await stranger.post(`/chats/${chatId}/turns`, { content: 'hi' })).status).to.equal(404)
    expect((await stranger.get(`/chats/${chatId}/messages`)).status).to.equal(404)
  })

  it('ends the followers of a turn whose chat is deleted', async () => {
    const chatId = await newChat(client)
    const { body } = await client.post(`/chats/${chatId}/turns`, { content: 'Soon gone.' })
    const headers = { authorization: `Bearer ${client.token}` }
    const following = await openEvents(`${client.apiUrl}${body['eventsUrl']}`, { headers })
    expect((await client.request('DELETE', `/chats/${chatId}`)).status).to.equal(204)
    const seen: (string | undefined)[] = []
    for await (const { event } of following.events) seen.push(event)
    expect(seen.at(-1)).to.be.oneOf(['turn.cancelled', 'turn.completed'])
    expect((await client.get(`/chats/${chatId}`)).status).to.equal(404)
  })

  it('names what a chat may not refer to, and creates nothing', async () => {
    const before = (await client.get('/chats?limit=100')).body['data'].length
    const collection = randomUUID()
    const refused = await client.post('/chats', { collectionIds: [collection], model: 'offline/extractive' })
    expect(refused.status).to.equal(422)
    expect(refused.body['errors'][0].path).to.equal('collectionIds.0')
    expect(JSON.stringify(refused.body)).not.to.include(collection)
    const unknown = await client.post('/chats', { model: 'nobody/knows' })
    expect([unknown.status, unknown.body['code']]).to.deep.equal([422, 'chat.model_unknown'])
    expect((await client.get('/chats?limit=100')).body['data'].length).to.equal(before)
  })
})
