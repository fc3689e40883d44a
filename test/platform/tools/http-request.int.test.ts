// Requests that a model writes, to real servers on loopback: what goes out, what comes back, and where secrets go.
import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { parseConfig } from '../../../platform/config.ts'
import { ownPortsOf } from '../../../platform/egress/own-ports.ts'
import { ruleOf } from '../../../platform/egress/refusal.ts'
import { createHttpRequest, splitCredential } from '../../../platform/tools/http-request.ts'
import type { HttpResult } from '../../../platform/tools/http-result.ts'
import { appErrorOf } from '../../support/app-error-of.ts'
import { testEgress } from '../../support/egress-harness.ts'
import { echo, serve, stopServers } from '../../support/outside-servers.ts'
import { rejection } from '../../support/rejection.ts'
import { testCall } from '../../support/tool-call.ts'

const canary = 'canary/0123+456789'
const open = (...urls: readonly string[]) =>
  createHttpRequest({ egress: testEgress({ allow: urls.map((url) => new URL(url).host) }) })
const send = async (url: string, args: Record<string, unknown> = {}, call = testCall()): Promise<HttpResult> =>
  (await open(url).run({ method: 'GET', url, ...args }, call)) as HttpResult
interface Echo {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

describe('the tool http_request', () => {
  afterEach(stopServers)

  it('says of itself that it needs approval, by a schema that models can follow', () => {
    const { definition } = open()
    expect(definition).to.include({
      name: 'http_request',
      requiresApproval: true,
      sideEffects: true,
      cacheTtlSeconds: 0,
    })
    expect(definition.inputSchema).to.include({ type: 'object', additionalProperties: false })
    expect(definition.inputSchema['required']).to.deep.equal(['method', 'url'])
  })

  it('sends what it was given, with a key for repeats where something may change', async () => {
    const { url } = await serve(echo)
    const headers = { 'X-One': '1', 'content-type': 'text/plain' }
    const posted = (await send(url, { method: 'POST', headers, body: 'ünd' })).body as Echo
    expect(posted).to.include({ method: 'POST', body: 'ünd' })
    expect(posted.headers).to.include({ 'x-one': '1', 'idempotency-key': testCall().executionId })
    const asked = (await send(url)).body as Echo
    expect(asked.headers).not.to.have.property('idempotency-key')
    const own = (await send(url, { method: 'PUT', headers: { 'Idempotency-Key': 'of-the-model' } })).body as Echo
    expect(own.headers['idempotency-key']).to.equal(testCall().executionId)
  })

  it('answers JSON as a value, text as text, and only some headers', async () => {
    const { url } = await serve((request, response) => {
      const kinds: Readonly<Record<string, [string, string | Buffer]>> = {
        '/json': ['application/problem+json; charset=utf-8', '{"a":[1]}'],
        '/broken': ['application/json', '{"a":'],
        '/nul': ['application/json', '{"a":"\\u0000"}'],
        '/half': ['application/json', '{"\\ud83d":1}'],
        '/pair': ['application/json', '{"a":"\\ud83d\\ude00"}'],
        '/text': ['text/html', '<p>1</p>'],
        '/binary': ['image/png', Buffer.from([0x89, 0x50, 0, 0xff])],
        '/deep': ['application/json', `${'['.repeat(5_000)}${']'.repeat(5_000)}`],
      }
      const [type, body] = kinds[request.url ?? ''] ?? ['text/plain', '']
      response
        .writeHead(request.url === '/json' ? 422 : 200, { 'content-type': type, 'set-cookie': 'a=b', etag: '"1"' })
        .end(body)
    })
    const json = await send(`${url}/json`)
    expect(json).to.deep.include({ status: 422, body: { a: [1] }, truncated: false })
    expect(json.headers).to.include({ etag: '"1"' }).and.not.to.have.property('set-cookie')
    expect((await send(`${url}/broken`)).body).to.equal('{"a":')
    expect((await send(`${url}/nul`)).body).to.equal('{"a":"\\u0000"}')
    expect((await send(`${url}/half`)).body).to.equal('{"\\ud83d":1}')
    expect((await send(`${url}/pair`)).body).to.deep.equal({ a: '😀' })
    expect((await send(`${url}/text`)).body).to.equal('<p>1</p>')
    expect((await send(`${url}/binary`)).body).to.equal(null)
    expect((await send(`${url}/empty`)).body).to.equal(null)
    expect((await send(`${url}/deep`)).body).to.be.a('string')
  })

  it('cuts a long text, and refuses an endless one', async () => {
    const { url } = await serve((request, response) => {
      const size = request.url === '/bomb' ? 50_000_000 : 100_000
      const body = gzipSync(Buffer.alloc(size, 'x'))
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(body)
    })
    const cut = await send(url)
    expect(cut.truncated).to.equal(true)
    expect(cut.body).to.equal('x'.repeat(64 * 1024))
    expect((await appErrorOf(send(`${url}/bomb`))).code).to.equal('egress.too_large')
  })

  it('sends a secret as a bearer token to its destination, and gives back no form of it', async () => {
    const { url } = await serve((request, response) => {
      const token = request.headers.authorization?.slice('Bearer '.length) ?? ''
      const forms = [
        token,
        encodeURIComponent(token),
        Buffer.from(token).toString('base64'),
        Buffer.from(`user:${token}`).toString('base64'),
      ]
      response
        .writeHead(200, { 'content-type': 'application/json', 'x-request-id': token })
        .end(JSON.stringify({ forms }))
    })
    const call = testCall({ secrets: { 'secret://crm/token': { value: canary, destinations: [url] } } })
    const result = await send(url, { credential: 'crm/token' }, call)
    expect(call.resolved).to.deep.equal([`secret://crm/token ${url}`])
    const [first, second, third, fourth] = (result.body as { readonly forms: string[] }).forms
    expect([first, second]).to.deep.equal(['[redacted]', '[redacted]'])
    expect(third).to.include('[redacted]')
    expect(fourth).to.include('[redacted]')
    expect(result.headers['x-request-id']).to.equal('[redacted]')
  })

  it('sends a secret that names its header in that one', async () => {
    const { url } = await serve(echo)
    const call = testCall({ secrets: { 'secret://crm/key': { value: `X-Api-Key: ${canary}`, destinations: [url] } } })
    const seen: string[] = []
    const other = await serve((request, response) => {
      seen.push(String(request.headers['x-api-key']), String(request.headers.authorization))
      response.end()
    })
    const open2 = testCall({
      secrets: { 'secret://crm/key': { value: `X-Api-Key: ${canary}`, destinations: [other.url] } },
    })
    await send(other.url, { credential: 'crm/key', headers: { 'X-API-Key': 'of-the-model' } }, open2)
    expect(seen).to.deep.equal([canary, 'undefined'])
    expect(((await send(url, { credential: 'crm/key' }, call)).body as Echo).headers['x-api-key']).to.equal(
      '[redacted]',
    )
    expect(splitCredential('no header: x')).to.include({ header: 'authorization', value: 'no header: x' })
    expect(splitCredential('https://user:pw@host')).to.include({ header: 'authorization' })
  })

  it('opens no secret for another origin, nor one by a reference', async () => {
    const { url, connections } = await serve(echo)
    const call = testCall({
      secrets: { 'secret://crm/token': { value: canary, destinations: ['https://crm.example.org'] } },
    })
    expect((await appErrorOf(send(url, { credential: 'crm/token' }, call))).code).to.equal('secret.destination_refused')
    for (const credential of ['secret://crm/token', 'crm/token#1', '../x', '']) {
      const error = await appErrorOf(send(url, { credential }, testCall()))
      expect(error.errors?.[0]?.path, credential).to.equal('credential')
    }
    expect(connections()).to.equal(0)
  })

  it('goes only where the guard lets it, by none of the guard’s own headers', async () => {
    const { url, port, connections } = await serve(echo)
    const tool = open(url)
    for (const inside of [
      'http://127.0.0.1:1/',
      'http://169.254.169.254/latest/meta-data',
      'http://[::1]/',
      'file:///etc/passwd',
    ]) {
      expect((await appErrorOf(tool.run({ method: 'GET', url: inside }, testCall()))).code, inside).to.equal(
        'egress.refused',
      )
    }
    const own = createHttpRequest({
      egress: testEgress({ allow: [`127.0.0.1:${port}`], ownPorts: ownPortsOf(parseConfig({ PORT: String(port) })) }),
    })
    expect(ruleOf(await rejection(own.run({ method: 'GET', url }, testCall())))).to.equal('address.own')
    expect(ruleOf(await rejection(send(url, { headers: { Host: 'x' } })))).to.equal('header.name')
    expect(ruleOf(await rejection(send(url, { headers: { a: 'x\r\nb: c' } })))).to.equal('header.value')
    expect((await appErrorOf(send(url, { body: 'x' }))).errors?.[0]?.path).to.equal('body')
    expect((await appErrorOf(tool.run({ method: 'GET', url: 'no url' }, testCall()))).errors?.[0]?.path).to.equal('url')
    expect((await appErrorOf(send(url, { extra: 1 }))).code).to.equal('tool.arguments_invalid')
    expect(connections()).to.equal(0)
  })

  it('ends with the call that is cancelled', async () => {
    const { url } = await serve(() => undefined)
    const controller = new AbortController()
    const running = rejection(send(url, {}, testCall({ signal: controller.signal })))
    setTimeout(() => controller.abort(new Error('cancelled')), 100)
    expect((await running).message).to.equal('cancelled')
  })
})
