// The codec server over HTTP, on a real database: who may ask, by which page, and what comes back.
import { randomBytes } from 'node:crypto'
import { defaultPayloadConverter } from '@temporalio/common'
import { payloadToJSON } from '@temporalio/common/lib/proto-utils.js'
import { expect } from 'chai'
import { codecRoutes } from '../../../api/ops/codec-routes.ts'
import { openDatabase } from '../../../db/database.ts'
import { createPlatformKeys } from '../../../platform/keys.ts'
import { createPayloadCodec } from '../../../platform/temporal/payload-codec.ts'
import { type ApiClient, createApiClient } from '../../support/api-client.ts'
import { as, startKernelServer } from '../../support/kernel-server.ts'
import { type SignInServer, startSignInServer } from '../../support/sign-in-server.ts'

const ui = 'http://127.0.0.1:8233'
const other = 'http://127.0.0.1:9999'
const decode = '/codec/decode'

interface Payloads {
  readonly payloads: { readonly metadata?: Record<string, string>; readonly data?: string }[]
}

const plain = (value: unknown): Payloads['payloads'][number] => {
  const { metadata, data } = payloadToJSON(defaultPayloadConverter.toPayload(value))
  return { metadata: metadata ?? {}, data: data ?? '' }
}
const toText = (base64: string | undefined): string => Buffer.from(base64 ?? '', 'base64').toString()
const valuesOf = (body: unknown): unknown[] => (body as Payloads).payloads.map(({ data }) => JSON.parse(toText(data)))

describe('the codec server', function () {
  this.timeout(60_000)
  let server: SignInServer
  let operator: ApiClient
  let user: ApiClient

  before(async () => {
    server = await startSignInServer({
      routes: codecRoutes,
      environment: { CDSA_CODEC_ORIGINS: ui, CDSA_CORS_ORIGINS: '*' },
    })
    operator = await server.clientWith('operator')
    user = await server.clientWith('user')
  })
  after(() => server.stop())

  const encode = async (...values: unknown[]): Promise<Payloads> => {
    const { status, body } = await operator.post('/codec/encode', { payloads: values.map(plain) })
    expect(status).to.equal(200)
    return body as Payloads
  }
  const cookieOf = async (client: ApiClient): Promise<{ readonly pair: string; readonly attributes: string[] }> => {
    const { status, headers } = await client.post('/codec/session')
    expect(status).to.equal(200)
    const [pair = '', ...attributes] = (headers.get('set-cookie') ?? '').split('; ')
    return { pair, attributes }
  }
  const anonymous = () => createApiClient(server.url)

  it('encodes and decodes, whatever is missing', async () => {
    const sealed = await encode({ word: 'canary' }, 'two')
    expect(sealed.payloads.map(({ metadata }) => toText(metadata?.['encoding']))).to.deep.equal([
      'binary/encrypted',
      'binary/encrypted',
    ])
    expect(sealed.payloads.map(({ data }) => toText(data)).join('')).not.to.contain('canary')
    const { status, body } = await operator.post(decode, sealed)
    expect(status).to.equal(200)
    expect(valuesOf(body)).to.deep.equal([{ word: 'canary' }, 'two'])
    for (const empty of [{}, { payloads: [] }]) {
      expect((await operator.post(decode, empty)).body).to.deep.equal({ payloads: [] })
      expect((await operator.post('/codec/encode', empty)).body).to.deep.equal({ payloads: [] })
    }
    expect((await operator.post(decode, { payloads: [{}] })).body).to.deep.equal({
      payloads: [{ metadata: {}, data: '' }],
    })
  })

  it('lets what is in the clear through, and says what can’t be read', async () => {
    const [sealed = {}] = (await encode('one')).payloads
    const foreign = createPayloadCodec({
      keys: createPlatformKeys([{ id: 'gone', key: randomBytes(32) }]),
      namespace: 'default',
    })
    const [lost = {}] = (await foreign.encode([defaultPayloadConverter.toPayload('lost')])).map(payloadToJSON)
    const forged = { ...sealed, data: randomBytes(64).toString('base64') }
    const { body } = await operator.post(decode, { payloads: [plain('clear'), forged, lost, sealed] })
    const [clear, refused, missing, one] = valuesOf(body)
    expect([clear, one]).to.deep.equal(['clear', 'one'])
    expect(refused).to.have.property('$refused')
    expect(missing).to.have.property('$refused').that.contains('gone')
  })

  it('serves its own namespace, which an empty name means too', async () => {
    const sealed = await encode('one')
    for (const namespace of ['', 'default']) {
      expect((await operator.post(decode, sealed, { 'x-namespace': namespace })).status, namespace).to.equal(200)
    }
    for (const path of [decode, '/codec/encode']) {
      const { status, body } = await operator.post(path, sealed, { 'x-namespace': 'elsewhere' })
      expect(status).to.equal(422)
      expect(body['detail']).to.contain('X-Namespace')
    }
  })

  it('takes as many payloads as a page of a history holds, and refuses what isn’t base64', async () => {
    const sealed = await encode(
      ...Array.from({ length: 40 }, () => 'x'.repeat(100_000) + randomBytes(50_000).toString('hex')),
    )
    expect(JSON.stringify(sealed).length).to.be.greaterThan(2 * 1_048_576)
    expect((await operator.post(decode, sealed)).status).to.equal(200)
    expect((await operator.post(decode, { payloads: [{ data: 'a*b=' }] })).status).to.equal(422)
  })

  it('refuses to hold more than it can: small payloads that inflate', async () => {
    const [bomb = {}] = (await encode('x'.repeat(8_000_000))).payloads
    const { status } = await operator.post(decode, { payloads: Array.from({ length: 20 }, () => bomb) })
    expect(status).to.equal(413)
  })

  it('asks for ops:read, of a token and of a cookie', async () => {
    const sealed = await encode('one')
    for (const path of [decode, '/codec/encode', '/codec/session']) {
      expect((await user.post(path, sealed)).status, path).to.equal(403)
      expect((await anonymous().post(path, sealed)).status, path).to.equal(401)
    }
  })

  describe('by cookie', () => {
    const byCookie = async (pair: string, origin: string | undefined, headers: Record<string, string> = {}) =>
      anonymous().post(decode, await encode('one'), {
        cookie: pair,
        ...(origin === undefined ? {} : { origin }),
        ...headers,
      })

    it('which goes to the codec alone, hidden from scripts and from other sites', async () => {
      const { pair, attributes } = await cookieOf(operator)
      expect(attributes).to.have.members(['Path=/api/v1/codec', 'Max-Age=3600', 'HttpOnly', 'SameSite=Strict'])
      const { status, body } = await byCookie(`theme=dark; ${pair}; x`, ui)
      expect(status).to.equal(200)
      expect(valuesOf(body)).to.deep.equal(['one'])
      expect((await anonymous().request('GET', '/auth/me', { headers: { cookie: pair, origin: ui } })).status).to.equal(
        401,
      )
      expect((await anonymous().post('/codec/session', {}, { cookie: pair, origin: ui })).status).to.equal(401)
    })

    it('from a page that is named exactly', async () => {
      const { pair } = await cookieOf(operator)
      for (const origin of [undefined, other, `${ui}/`, `${ui}.example.org`, 'null', server.url]) {
        expect((await byCookie(pair, origin)).status, origin).to.equal(403)
      }
    })

    it('that is whole, of this platform, and not beside a token that fails', async () => {
      const { pair } = await cookieOf(operator)
      for (const broken of [`${pair}A`, pair.replace('.', ''), pair.slice(0, -2), 'cdsa_codec=', 'cdsa_codec=a.b']) {
        expect((await byCookie(broken, ui)).status, broken).to.equal(401)
      }
      expect((await byCookie(pair, ui, { authorization: 'Bearer a.b.c' })).status).to.equal(401)
    })

    it('until its session ends, or the account loses the permission', async () => {
      const leaving = await server.clientWith('operator')
      const { pair } = await cookieOf(leaving)
      expect((await byCookie(pair, ui)).status).to.equal(200)
      await leaving.post('/auth/logout')
      expect((await byCookie(pair, ui)).status).to.equal(401)

      const demoted = await server.clientWith('operator')
      const kept = await cookieOf(demoted)
      const { actors, db } = server.parts
      await actors.changing({ userIds: [demoted.userId] }, () =>
        db.execute(`delete from user_roles where user_id = $1`, [demoted.userId]),
      )
      expect((await byCookie(kept.pair, ui)).status).to.equal(403)
    })

    it('no longer than it says', async () => {
      const [, claims = ''] = (operator.token ?? '').split('.')
      const { sub: userId, sid: sessionId } = JSON.parse(Buffer.from(claims, 'base64url').toString())
      const pairFor = (seconds: number): string => {
        const ticket = { userId, sessionId, expiresAt: Math.floor(Date.now() / 1_000) + seconds }
        const { keyId, sealed } = server.parts.keys.seal('codec-session', Buffer.from(JSON.stringify(ticket)))
        return `cdsa_codec=${Buffer.from(keyId).toString('base64url')}.${sealed.toString('base64url')}`
      }
      expect((await byCookie(pairFor(60), ui)).status).to.equal(200)
      expect((await byCookie(pairFor(-1), ui)).status).to.equal(401)
    })
  })

  describe('across origins', () => {
    const preflight = (path: string, origin: string) =>
      fetch(`${server.url}/api/v1${path}`, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization,content-type,x-namespace',
        },
      })

    it('answers the Web UI’s preflight with its exact origin and leave to send the cookie', async () => {
      const { status, headers } = await preflight(decode, ui)
      expect(status).to.equal(204)
      expect(headers.get('access-control-allow-origin')).to.equal(ui)
      expect(headers.get('access-control-allow-credentials')).to.equal('true')
      expect(headers.get('access-control-allow-headers')).to.contain('x-namespace').and.contain('content-type')
      expect(headers.get('vary')).to.match(/origin/i)
    })

    it('names no other page, even where everybody may read the rest', async () => {
      expect((await preflight('/chats', other)).headers.get('access-control-allow-origin')).to.equal('*')
      for (const origin of [other, 'null']) {
        expect((await preflight(decode, origin)).headers.get('access-control-allow-origin'), origin).to.equal(null)
      }
      const answer = await operator.post(decode, {}, { origin: other })
      expect(answer.headers.get('access-control-allow-origin')).to.equal(null)
      const own = await operator.post(decode, {}, { origin: ui })
      expect(own.headers.get('access-control-allow-origin')).to.equal(ui)
    })
  })

  it('decodes nothing when the audit log can’t be written', async () => {
    const db = openDatabase({ url: 'postgres://nobody@127.0.0.1:9/nothing' })
    const cut = await startKernelServer({ routes: codecRoutes, db })
    try {
      const client = createApiClient(cut.url)
      const { status, body } = await client.post(decode, { payloads: [plain('canary')] }, as('u1', 'ops:read'))
      expect(status).to.equal(503)
      expect(JSON.stringify(body)).not.to.contain('payloads')
      expect((await client.post('/codec/encode', {}, as('u1', 'ops:read'))).status).to.equal(200)
    } finally {
      await cut.stop()
      await db.close()
    }
  })
})
