// A turn never dies: SIGKILL of the process that runs API and worker, at different points of a streamed answer.
import { expect } from 'chai'
import { type ApiClient, signUp } from '../support/api-client.ts'
import { eventually } from '../support/eventually.ts'
import { followTurnPersistently } from '../support/follow.ts'
import { type MockUpstream, numberedTokens, slowFixture, startMockUpstream } from '../support/mock-upstream.ts'
import { type PlatformProcess, startPlatformProcess } from '../support/platform-process.ts'

const tokens = 120
const killPoints = [1, 25, 60, 90, 118]

describe('a turn whose process is killed', function () {
  this.timeout(180_000)
  let upstream: MockUpstream
  let platform: PlatformProcess
  let client: ApiClient

  before(async () => {
    upstream = await startMockUpstream({ fixtures: [slowFixture('count to the end', tokens, { ttft: 50, tps: 60 })] })
    platform = await startPlatformProcess({ env: { OPENAI_BASE_URL: upstream.baseUrl, OPENAI_API_KEY: 'mock' } })
    client = await signUp(platform.run.apiUrl)
  })
  after(async () => {
    await platform?.stop()
    await upstream?.stop()
  })

  for (const killAfter of killPoints) {
    it(`gives every token once after SIGKILL at token ${killAfter} [D3]`, async () => {
      const chat = (await client.post('/chats')).body['chat'].id
      const { body } = await client.post(`/chats/${chat}/turns`, { content: 'count to the end' })
      const killed: number[] = []
      const view = await followTurnPersistently(client, body['eventsUrl'], {
        deadlineMs: 90_000,
        onEvent: ({ events }) => {
          const seen = events
            .filter(({ event }) => event === 'text.delta')
            .map(({ data }) => data['text'])
            .join('')
          const pid = platform.currentRun()?.processes.api
          if (killed.length > 0 || typeof pid !== 'number' || seen.length < killAfter * 5) return
          killed.push(pid)
          process.kill(pid, 'SIGKILL')
        },
      })
      expect(killed).to.have.length(1)
      expect(view.ending?.event).to.equal('turn.completed')
      expect(view.text).to.equal(numberedTokens(tokens))
      expect(view.ending?.data['message'].content).to.equal(numberedTokens(tokens))
      expect(view.resets + view.snapshots).to.be.greaterThan(0)
      expect(new Set(view.ids).size).to.equal(view.ids.length)
      await eventually('the new process is recorded', () => {
        const now = platform.currentRun()?.processes.api
        return now !== undefined && now !== killed[0] ? now : undefined
      })
      const messages = (await client.get(`/chats/${chat}/messages`)).body['data']
      expect(messages.map((message: { role: string }) => message.role)).to.deep.equal(['assistant', 'user'])
      const late = await followTurnPersistently(client, body['eventsUrl'])
      expect(late.text).to.equal(numberedTokens(tokens))
    })
  }
})

describe('a turn that is cancelled', function () {
  this.timeout(120_000)

  it('keeps what was streamed, and says so', async () => {
    const upstream = await startMockUpstream()
    const platform = await startPlatformProcess({ env: { OPENAI_BASE_URL: upstream.baseUrl, OPENAI_API_KEY: 'mock' } })
    try {
      const client = await signUp(platform.run.apiUrl)
      const chat = (await client.post('/chats')).body['chat'].id
      const { body } = await client.post(`/chats/${chat}/turns`, { content: 'count slowly' })
      const path = `/chats/${chat}/turns/${body['turn'].id}`
      let asked: Promise<unknown> | undefined
      const view = await followTurnPersistently(client, body['eventsUrl'], {
        onEvent: ({ text }) => {
          if (text.length >= 25)
            asked ??= client.post(`${path}/cancel`).then(({ status }) => expect(status).to.equal(202))
        },
      })
      await asked
      expect(view.ending?.event).to.equal('turn.cancelled')
      expect(view.text.length).to.be.within(25, 500)
      expect(view.ending?.data['message'].content).to.equal(view.text)
      expect(numberedTokens(300).startsWith(view.text)).to.equal(true)
      expect((await client.get(path)).body['turn'].status).to.equal('cancelled')
      expect((await client.post(`${path}/cancel`)).status).to.equal(409)
    } finally {
      await platform.stop()
      await upstream.stop()
    }
  })
})
