// Event streams end with what let them begin, at once: a look would come seconds later.
import { expect } from 'chai'
import { z } from 'zod'
import { defineRoute, type ServerSentEvent } from '../../../api/http/route.ts'
import { type ApiClient, createApiClient } from '../../support/api-client.ts'
import { openEvents } from '../../support/server-sent-events.ts'
import { type SignInServer, startSignInServer } from '../../support/sign-in-server.ts'

/** Far below the time between two looks. */
const atOnceMs = 5_000

const forever = defineRoute({
  method: 'get',
  path: '/forever',
  tag: 'test',
  summary: 'Never ends by itself',
  access: 'audit:read',
  responses: {},
  events: { hello: z.object({}) },
  handle: async ({ signal }) => ({
    status: 200,
    events: (async function* (): AsyncGenerator<ServerSentEvent> {
      yield { event: 'hello', data: {} }
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
    })(),
  }),
})

describe('a stream', function () {
  this.timeout(60_000)
  let server: SignInServer
  let admin: ApiClient
  before(async () => {
    server = await startSignInServer({ routes: [forever] })
    admin = await server.clientWith('admin')
  })
  after(() => server.stop())

  /** Resolves once the first event is there, to what resolves at the end. */
  async function follow({ apiUrl, token }: ApiClient): Promise<{ isOpen(): boolean; ended: Promise<void> }> {
    const stream = await openEvents(`${apiUrl}/api/v1/forever`, { headers: { authorization: `Bearer ${token}` } })
    expect(stream.status).to.equal(200)
    const events = stream.events[Symbol.asyncIterator]()
    await events.next()
    let open = true
    const ended = events.next().then(() => {
      open = false
    })
    return { isOpen: () => open, ended }
  }
  const inTime = (ended: Promise<void>): Promise<void> =>
    Promise.race([
      ended,
      new Promise<void>((_, reject) => {
        setTimeout(() => reject(new Error('The stream is still open.')), atOnceMs).unref()
      }),
    ])

  it('ends with its session, and leaves those of others open', async () => {
    const [one, other] = [await server.clientWith('auditor'), await server.clientWith('auditor')]
    const [own, others] = [await follow(one), await follow(other)]
    await one.post('/auth/logout')
    await inTime(own.ended)
    expect(others.isOpen()).to.equal(true)
    await other.post('/auth/logout')
    await inTime(others.ended)
  })

  it('ends with the account', async () => {
    const client = await server.clientWith('auditor')
    const stream = await follow(client)
    await admin.request('PATCH', `/users/${client.userId}`, { body: { disabled: true } })
    await inTime(stream.ended)
  })

  it('ends with the permission, and not with another', async () => {
    const client = await server.clientWith('auditor', 'user')
    const stream = await follow(client)
    await admin.request('PATCH', `/users/${client.userId}`, { body: { roles: ['auditor'] } })
    expect((await client.get('/auth/me')).body['user'].roles).to.deep.equal(['auditor'])
    expect(stream.isOpen()).to.equal(true)
    await admin.request('PATCH', `/users/${client.userId}`, { body: { roles: ['user'] } })
    await inTime(stream.ended)
  })

  it('ends with the role’s permission', async () => {
    const made = await admin.post('/roles', { name: 'streamer', permissions: ['audit:read'] })
    const stream = await follow(await server.clientWith('streamer'))
    await admin.request('PATCH', `/roles/${made.body['role'].id}`, { body: { permissions: [] } })
    await inTime(stream.ended)
  })

  it('ends with its API key', async () => {
    const made = await admin.post('/auth/api-keys', { name: 'Stream', scopes: ['audit:read'] })
    const stream = await follow(createApiClient(server.url, made.body['key'] as string))
    await admin.request('DELETE', `/auth/api-keys/${made.body['apiKey'].id}`)
    await inTime(stream.ended)
  })
})
