// What Temporal's own command line shows of a turn: nothing without the codec server, everything with it and a token of
// somebody who may.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { chatTurnWorkflowId } from '../../workflows/chat/messages.ts'
import { type ApiClient, signIn, signUp } from '../support/api-client.ts'
import { followTurnPersistently } from '../support/follow.ts'
import { findAdministrator } from '../support/fuzz-world.ts'
import type { PlatformProcess } from '../support/platform-process.ts'
import { sharedPlatform } from '../support/shared-platform.ts'
import { testTemporalCli } from '../support/temporal-cli.ts'

const run = promisify(execFile)

describe('the Temporal command line', function () {
  this.timeout(120_000)
  let platform: PlatformProcess
  let user: ApiClient
  let workflowId: string

  before(async () => {
    platform = await sharedPlatform()
    user = await signUp(platform.run.apiUrl)
    const chat = (await user.post('/chats')).body['chat'].id
    const { turn, eventsUrl } = (await user.post(`/chats/${chat}/turns`, { content: 'hello' })).body
    await followTurnPersistently(user, eventsUrl)
    workflowId = chatTurnWorkflowId(turn.id)
  })

  /** Every payload of the history, as text; what the CLI prints as an error where it fails. */
  async function show(token?: string): Promise<string> {
    const { apiUrl, temporalAddress } = platform.run
    const codec =
      token === undefined ? [] : ['--codec-endpoint', `${apiUrl}/api/v1/codec`, '--codec-auth', `Bearer ${token}`]
    const where = ['--address', temporalAddress, '--workflow-id', workflowId, '--command-timeout', '20s']
    const shown = await run(await testTemporalCli(), [
      'workflow',
      'show',
      '--output',
      'json',
      ...where,
      ...codec,
    ]).catch((error: { stderr: string }) => ({ stdout: error.stderr }))
    return [...shown.stdout.matchAll(/"data": "([^"]*)"/g)]
      .map(([, data = '']) => Buffer.from(data, 'base64').toString())
      .join('\n')
  }

  it('shows a turn’s input and summary by the codec server, to an operator', async () => {
    const administrator = await signIn(platform.run.apiUrl, await findAdministrator(platform))
    expect(await show(administrator.token))
      .to.contain('"stepTimeoutMs"')
      .and.contain('Answers one message of a chat')
  })

  it('shows them to nobody else', async () => {
    for (const token of [undefined, user.token]) {
      expect(await show(token)).not.to.match(/stepTimeoutMs|Answers one message/)
    }
  })
})
