// Every process is killed while a turn waits for an approval, the database and Temporal included, and started again: the
// approval is decided afterwards, its tool runs once, and the turn goes on to its end.
import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { setUserRoles } from '../../db/auth/roles.ts'
import { openDatabase } from '../../db/database.ts'
import { type ApiClient, type Credentials, signIn, signUp } from '../support/api-client.ts'
import { type ChaosPlatform, startChaosPlatform } from '../support/chaos-platform.ts'
import { createTally, killCount, settle } from '../support/chaos.ts'
import { type EchoServer, startEchoServer } from '../support/echo-server.ts'
import { eventually } from '../support/eventually.ts'
import { followTurnPersistently } from '../support/follow.ts'

const administrator = { email: 'admin@example.org', password: `admin ${randomBytes(12).toString('hex')}` }

describe('an approval over kills of everything', function () {
  this.timeout(120_000 + killCount * 60_000)
  let echo: EchoServer
  let platform: ChaosPlatform
  let chatId: string
  const people: Record<'requester' | 'approver', Credentials | undefined> = {
    requester: undefined,
    approver: undefined,
  }

  /** Anew after each kill: a token lasts ten minutes. */
  const as = async (who: keyof typeof people): Promise<ApiClient> => {
    const { apiUrl } = await platform.newClient()
    return signIn(apiUrl, people[who] ?? administrator)
  }

  async function makePeople(): Promise<void> {
    const { apiUrl } = await platform.newClient()
    const [requester, approver] = [await signUp(apiUrl), await signUp(apiUrl)]
    const db = openDatabase({ url: platform.databaseUrl(), poolSize: 1 })
    try {
      await setUserRoles(db, { userId: approver.userId, roles: ['approver'] })
    } finally {
      await db.close()
    }
    Object.assign(people, { requester, approver })
  }

  before(async () => {
    echo = await startEchoServer()
    platform = await startChaosPlatform({
      tokens: 1,
      physics: { ttft: 1, tps: 100 },
      env: {
        CDSA_EGRESS_ALLOW: echo.place,
        CDSA_ADMIN_EMAIL: administrator.email,
        CDSA_ADMIN_PASSWORD: administrator.password,
      },
    })
    await makePeople()
    const { apiUrl } = await platform.newClient()
    const admin = await signIn(apiUrl, administrator)
    const tools = (await admin.get('/tools?limit=100')).body['data'] as { id: string; name: string }[]
    const toolIds = tools.filter(({ name }) => name === 'http_request').map(({ id }) => id)
    const requester = await as('requester')
    chatId = (await requester.post('/chats', { toolIds, model: 'offline/extractive' })).body['chat'].id
  })
  after(async () => {
    await platform?.stop()
    await echo?.stop()
  })

  async function ask(path: string): Promise<{ eventsUrl: string; turnId: string }> {
    const args = { method: 'POST', url: `${echo.url}${path}`, body: 'once' }
    const content = `/http_request ${JSON.stringify(args)}`
    const { status, body } = await (await as('requester')).post(`/chats/${chatId}/turns`, { content })
    expect(status).to.equal(202)
    return { eventsUrl: body['eventsUrl'], turnId: body['turn'].id }
  }
  const pendingApproval = async (path: string): Promise<string> => {
    const approver = await as('approver')
    return eventually(
      'the approval is there',
      async () => {
        const { data } = (await approver.get('/approvals?status=pending')).body
        return data?.find(({ preview }: { preview: { url: string } }) => preview.url.endsWith(path))?.id
      },
      60_000,
    )
  }

  it(`[D7] is decided after ${killCount} SIGKILLs of everything, and its tool runs once`, async () => {
    const tally = createTally()
    for (let round = 0; round < killCount; round += 1) {
      const path = `/round-${round}`
      const { eventsUrl } = await ask(path)
      const approvalId = await pendingApproval(path)
      await platform.strikeEverything()
      tally.kills += 1
      const approver = await as('approver')
      const decide = async (): Promise<boolean> => {
        const { status, body } = await approver.post(`/approvals/${approvalId}/decide`, { decision: 'approve' })
        return status === 200 || body['code'] === 'approval.already_decided'
      }
      await eventually('the approval is decided', decide, 60_000)
      const view = await followTurnPersistently(await as('requester'), eventsUrl, { deadlineMs: 60_000 })
      tally.turns += 1
      if (view.ending?.event !== 'turn.completed') tally.messagesLost += 1
      const runs = echo.requests.filter((request) => request.path === path).length
      if (runs === 0) tally.tokensLost += 1
      tally.tokensDuplicated += Math.max(0, runs - 1)
    }
    settle('D7 approval', platform.name, { tally, kills: killCount })
  })
})
