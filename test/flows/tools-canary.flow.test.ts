// A secret that tools use, looked for everywhere but in the one request that it is for: tools called by people and by a
// model, approved, denied and failing, with a host that gives the secret back in every form that it knows.
import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import type { ApiClient } from '../support/api-client.ts'
import { type Histories, createCanarySearch, dumpDatabase, filesWith, openHistories } from '../support/canary-search.ts'
import { type EchoServer, startEchoServer } from '../support/echo-server.ts'
import { eventually } from '../support/eventually.ts'
import { followToEnd } from '../support/follow.ts'
import { type Person, type ToolsWorld, startToolsWorld } from '../support/tools-world.ts'

/** With characters that each encoding writes in a way of its own. */
const canary = `canary-${randomBytes(12).toString('hex')}/+=%&~?`
const isIn = createCanarySearch(canary)
const path = 'tools/canary'

describe('a secret that tools use', function () {
  this.timeout(240_000)
  let world: ToolsWorld
  let elsewhere: EchoServer
  let approver: Person
  let histories: Histories
  let chatId: string
  let postId: string
  let strayId: string
  let names: { readonly post: string; readonly stray: string }
  const answers: string[] = []
  const runIds: string[] = []

  before(async () => {
    elsewhere = await startEchoServer()
    world = await startToolsWorld({ LOG_LEVEL: 'trace' }, { allow: [elsewhere.place] })
    approver = await world.person('approver')
    histories = await openHistories(world.platform)
    const given = { path, value: canary, destinations: [world.echo.url, elsewhere.url] }
    const { secret } = (await world.admin.post('/vault/secrets', given)).body
    const withSecret = (url: string) => ({
      config: { method: 'POST', url, headers: { authorization: `secret://${path}` }, body: { text: '{{text}}' } },
    })
    const post = await world.makeTool(withSecret(`${world.echo.url}/reflect/post`))
    const stray = await world.makeTool(withSecret(`${elsewhere.url}/reflect`))
    ;[postId, strayId] = [post['id'], stray['id']]
    // What the stray tool was made for isn't allowed any more.
    const patch = { body: { destinations: [world.echo.url] } }
    expect((await world.admin.request('PATCH', `/vault/secrets/${secret.id}`, patch)).status).to.equal(200)
    const toolIds = [postId, strayId, (await world.toolNamed('http_request'))['id']]
    const chat = await world.requester.post('/chats', { toolIds, model: 'offline/extractive' })
    chatId = chat.body['chat'].id
    names = { post: post['name'], stray: stray['name'] }
  })
  after(async () => {
    await histories?.temporal.connection.close()
    await world?.stop()
    await elsewhere?.stop()
  })

  async function get(person: ApiClient, url: string) {
    const { body } = await person.get(url)
    answers.push(JSON.stringify(body))
    return body
  }

  async function decide(executionId: string, decision: string) {
    const approval = await world.approvalOf(approver, executionId)
    const { status, body } = await approver.post(`/approvals/${approval['id']}/decide`, { decision })
    expect(status, JSON.stringify(body)).to.equal(200)
    runIds.push(executionId)
    const ended = await world.execution(world.requester, executionId, 'succeeded', 'failed', 'denied')
    answers.push(JSON.stringify([approval, body, ended]))
    return ended
  }

  const call = async (toolId: string, args: object, decision = 'approve') =>
    decide((await world.execute(world.requester, toolId, args))['id'], decision)

  async function say(tool: string, args: object, decision: string) {
    const content = `/${tool} ${JSON.stringify(args)}`
    const { status, body } = await world.requester.post(`/chats/${chatId}/turns`, { content })
    expect(status, JSON.stringify(body)).to.equal(202)
    const { id } = await eventually('the run waits', async () => {
      const { data } = (await world.requester.get('/tool-executions?status=pending_approval')).body
      return (data as { id: string; turnId: string }[]).find(({ turnId }) => turnId === body['turn'].id)
    })
    const ended = await decide(id, decision)
    const events = await followToEnd(world.requester, body['eventsUrl'])
    expect(events.at(-1)?.event).to.equal('turn.completed')
    answers.push(JSON.stringify(events))
    return ended
  }

  const request = (url: string) => ({ method: 'POST', url, body: 'hello', credential: path })

  async function use(): Promise<void> {
    const requestId = (await world.toolNamed('http_request'))['id'] as string
    const reflect = `${world.echo.url}/reflect/request`
    const succeeded = [
      await call(postId, { text: 'one' }),
      await call(requestId, request(reflect)),
      await say(names.post, { text: 'two' }, 'approve'),
      await say('http_request', request(reflect), 'approve'),
    ]
    for (const { status, result } of succeeded) {
      expect(status).to.equal('succeeded')
      expect(JSON.stringify(result)).to.include('[redacted]')
    }
    const sent = world.echo.requests.map(({ headers }) => headers.authorization)
    expect(sent).to.deep.equal([canary, `Bearer ${canary}`, canary, `Bearer ${canary}`])
    await call(postId, { text: 'denied' }, 'deny')
    await say('http_request', request(reflect), 'deny')
    const refused = [
      await call(strayId, { text: 'stray' }),
      await call(requestId, request(`${elsewhere.url}/reflect`)),
      await say(names.stray, { text: 'stray' }, 'approve'),
      await say('http_request', request(`${elsewhere.url}/reflect`), 'approve'),
    ]
    for (const { problem } of refused) expect(problem.code).to.equal('secret.destination_refused')
    await world.echo.stop()
    for (const { status } of [
      await call(postId, { text: 'gone' }),
      await say('http_request', request(reflect), 'approve'),
    ])
      expect(status).to.equal('failed')
    expect(world.echo.requests).to.have.length(4)
    expect(elsewhere.requests).to.have.length(0)
  }

  async function readAll(): Promise<void> {
    const { requester, admin } = world
    for (const person of [requester, approver, admin])
      for (const url of [
        '/tool-executions',
        '/approvals',
        '/notifications',
        '/tools',
        '/tools/stats',
        `/tools/${postId}/stats`,
      ])
        await get(person, `${url}${url.includes('stats') ? '' : '?limit=100'}`)
    for (const id of runIds) {
      const { execution } = await get(requester, `/tool-executions/${id}`)
      await get(approver, `/approvals/${execution.approvalId}`)
      answers.push(JSON.stringify(await followToEnd(requester, `/api/v1/tool-executions/${id}/events`)))
    }
    for (const url of ['messages', 'context', 'export?format=markdown', 'export?format=json'])
      await get(requester, `/chats/${chatId}/${url}`)
    for (const url of ['/audit/events?limit=100', `/tools/${postId}`, `/tools/${strayId}`, '/vault/secrets'])
      await get(admin, url)
  }

  it('[V25] goes to its own host alone, and is nowhere else', async () => {
    await use()
    await readAll()
    expect(answers.join()).to.include('[redacted]').and.include('secret.destination_refused').and.include(path)
    for (const answer of answers) expect(isIn(answer), answer.slice(0, 200)).to.equal(false)
    expect(isIn(await dumpDatabase(world.db)), 'the database').to.equal(false)
    const recorded = await eventually('the runs are listed', async () => {
      const text = await histories.read()
      return runIds.every((id) => text.includes(`"executionId":"${id}"`)) && text.includes('"turnId"') && text
    })
    expect(isIn(recorded), 'a history').to.equal(false)
    expect(world.platform.output()).to.include('tool-executions')
    expect(isIn(world.platform.output()), 'the log').to.equal(false)
    expect(await filesWith(world.platform.dataDir, isIn)).to.deep.equal([])
  })

  it('would be found: the search sees each form', () => {
    const url = encodeURIComponent(canary)
    const forms = [`a${canary}b`, Buffer.from(`user:${canary}`).toString('base64'), url, url.toLowerCase()]
    for (const form of [...forms, Buffer.from(`{"v":"${canary}"}`).toString('base64url')])
      expect(isIn(form), form).to.equal(true)
    expect(isIn(Buffer.from(`a${canary}b`))).to.equal(true)
  })
})
