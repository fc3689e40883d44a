// A turn that its user cancels in the middle of the answer: what was streamed stays, and is what is stored.
import { expect } from 'chai'
import { signUp } from '../support/api-client.ts'
import { followTurnPersistently } from '../support/follow.ts'
import { numberedTokens, startMockUpstream } from '../support/mock-upstream.ts'
import { startPlatformProcess } from '../support/platform-process.ts'

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
