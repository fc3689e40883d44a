// Tools of kind http against real servers: the stored request filled with arguments, and secrets of the stored request alone.
import { expect } from 'chai'
import { createHttpTool } from '../../../platform/tools/http-tool.ts'
import type { HttpResult } from '../../../platform/tools/http-result.ts'
import { appErrorOf } from '../../support/app-error-of.ts'
import { testEgress } from '../../support/egress-harness.ts'
import { echo, serve, stopServers } from '../../support/outside-servers.ts'
import { testCall } from '../../support/tool-call.ts'

const canary = 'Token canary-0123456789'
interface Echo {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

describe('a tool of kind http', () => {
  afterEach(stopServers)
  const toolFor = (url: string) => createHttpTool({ egress: testEgress({ allow: [new URL(url).host] }) })

  it('sends the stored request, filled with the arguments', async () => {
    const { url } = await serve(echo)
    const config = {
      method: 'POST',
      url: `${url}/users/{{id}}?q={{q}}`,
      headers: { 'x-trace': 't-{{id}}' },
      body: { text: '{{q}}' },
    }
    const result = (await toolFor(url)({ id: 'a/b', q: 'x&y="' }, testCall({ config }))) as HttpResult
    const sent = result.body as Echo
    expect(sent).to.include({ method: 'POST', url: '/users/a%2Fb?q=x%26y%3D%22', body: '{"text":"x&y=\\""}' })
    expect(sent.headers).to.include({
      'x-trace': 't-a/b',
      'content-type': 'application/json',
      'idempotency-key': testCall().executionId,
    })
    expect(sent.headers).not.to.have.property('authorization')
  })

  it('opens the secrets that it names, for the stored origin, and gives none back', async () => {
    const { url } = await serve(echo)
    const config = { url: `${url}/{{path}}`, headers: { Authorization: 'secret://crm/token#2', 'x-arg': '{{arg}}' } }
    const secrets = { 'secret://crm/token#2': { value: canary, destinations: [url] } }
    const call = testCall({ config, secrets })
    const { body } = (await toolFor(url)({ path: 'x', arg: 'secret://crm/token#2' }, call)) as HttpResult
    expect(call.resolved).to.deep.equal([`secret://crm/token#2 ${url}`])
    expect((body as Echo).headers).to.include({ authorization: '[redacted]', 'x-arg': 'secret://crm/token#2' })
    const elsewhere = testCall({ config, secrets: { 'secret://crm/token#2': { value: canary, destinations: [] } } })
    expect((await appErrorOf(toolFor(url)({ path: 'x' }, elsewhere))).code).to.equal('secret.destination_refused')
  })

  it('takes no secret along to where a redirect leads', async () => {
    const last = await serve(echo)
    const first = await serve((_request, response) => response.writeHead(302, { location: last.url }).end())
    const egress = testEgress({ allow: [new URL(first.url).host, new URL(last.url).host] })
    const config = { url: first.url, headers: { authorization: 'secret://crm/token' } }
    const call = testCall({ config, secrets: { 'secret://crm/token': { value: canary, destinations: [first.url] } } })
    const { body } = (await createHttpTool({ egress })({}, call)) as HttpResult
    expect((body as Echo).headers).not.to.have.property('authorization')
  })

  it('resolves nothing and sends nothing when an argument has no place', async () => {
    const { url, connections } = await serve(echo)
    const config = { url: `${url}/{{id}}`, headers: { authorization: 'secret://crm/token', 'x-a': '{{a}}' } }
    for (const args of [{ id: '..' }, {}, { id: '1', a: 'x\r\ny: z' }]) {
      const call = testCall({ config })
      expect((await appErrorOf(toolFor(url)(args, call))).code).to.equal('tool.arguments_invalid')
      expect(call.resolved).to.deep.equal([])
    }
    const broken = testCall({ config: { url: 'https://{{host}}/' } })
    expect((await appErrorOf(toolFor(url)({ host: 'evil.test' }, broken))).code).to.equal('tool.failed')
    expect(connections()).to.equal(0)
  })
})
