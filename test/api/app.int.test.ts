import { expect } from 'chai'
import request from 'supertest'
import { z } from 'zod'
import { createApp } from '../../api/app.ts'
import { type Route, defineRoute } from '../../api/http/route.ts'
import { AppError } from '../../domain/errors.ts'
import { parseConfig } from '../../platform/config.ts'
import { eventually } from '../support/eventually.ts'
import { expectProblem } from '../support/expect-problem.ts'
import { type KernelServer, as, noDenials, startKernelServer } from '../support/kernel-server.ts'

const base = { method: 'get', tag: 'app', summary: 'Something' } as const
const routes: Route[] = [
  defineRoute({
    ...base,
    path: '/large/{name}',
    access: 'signed-in',
    params: z.object({ name: z.string() }),
    responses: { 200: z.object({ text: z.string(), ip: z.string().optional() }) },
    handle: async ({ ip }) => ({ status: 200, body: { text: 'x'.repeat(5_000), ip } }),
  }),
]
const rootRoutes: Route[] = [
  defineRoute({
    ...base,
    path: '/.well-known/things.json',
    access: 'public',
    responses: { 200: z.object({ things: z.array(z.string()) }) },
    handle: async () => ({ status: 200, body: { things: [] }, headers: { 'Cache-Control': 'max-age=300' } }),
  }),
]

describe('createApp', () => {
  let server: KernelServer
  const large = () => request(server.url).get('/api/v1/large/a').set(as('u1'))

  before(async () => {
    server = await startKernelServer({ routes, rootRoutes })
  })
  after(() => server.stop())

  it('echoes a sane request id, also with a problem, and mints one otherwise', async () => {
    for (const id of ['a', 'trace-1.2:3/4=5@6', 'x'.repeat(128)]) {
      expect((await large().set('x-request-id', id)).headers['x-request-id']).to.equal(id)
      expect((await request(server.url).get('/no').set('x-request-id', id)).headers['x-request-id']).to.equal(id)
    }
    for (const id of ['', 'x'.repeat(129), 'a b', '<b>', 'é', 'a,b']) {
      const { headers } = await large().set('x-request-id', id)
      expect(headers['x-request-id'], id).to.match(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-/)
    }
  })

  it('sends headers that keep a browser from running or framing what it gets', async () => {
    const { headers } = await large()
    expect(headers).to.include({
      'content-security-policy': "default-src 'none';frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    })
    expect(headers).not.to.have.property('x-powered-by')
    expect(headers).not.to.have.property('access-control-allow-origin')
  })

  it('compresses what is large, for who accepts it', async () => {
    expect((await large().set('accept-encoding', 'gzip')).headers['content-encoding']).to.equal('gzip')
    expect((await large().set('accept-encoding', 'identity')).headers).not.to.have.property('content-encoding')
  })

  it('serves root routes at the root', async () => {
    const response = await request(server.url).get('/.well-known/things.json')
    expect(response.body).to.deep.equal({ things: [] })
    expect(response.headers['cache-control']).to.equal('max-age=300')
    expectProblem(await request(server.url).get('/api/v1/.well-known/things.json'), 404)
  })

  it('logs one line a request: the route’s pattern, never a query’s value or a header', async () => {
    const token = 'hunter2'
    await request(server.url).get('/api/v1/large/private?q=hunter2').set(as('u7')).set('x-request-id', 'logged-1')
    await request(server.url).get(`/api/v1/${token}`).set('authorization', `Bearer ${token}`)
    const line = await eventually('the line', () => server.logLines.find((text) => text.includes('logged-1')))
    const { ms, ...rest } = JSON.parse(line)
    expect(rest).to.deep.include({
      msg: 'request',
      level: 30,
      requestId: 'logged-1',
      method: 'GET',
      route: '/api/v1/large/{name}',
      status: 200,
      userId: 'u7',
    })
    expect(ms).to.be.a('number')
    expect(server.logLines.filter((text) => text.includes('logged-1'))).to.have.length(1)
    await eventually('the line of the unknown route', () => server.logLines.some((text) => text.includes('unmatched')))
    expect(server.logLines.join('')).not.to.contain('hunter2').and.not.contain('private')
  })

  it('measures by route and status', async () => {
    await large()
    const metrics = await eventually('the measurement', async () => {
      const { text } = await request(server.url).get('/metrics')
      return text.includes('route="/api/v1/large/{name}"') && text
    })
    expect(metrics).to.match(
      /http_request_duration_seconds_count\{method="GET",route="\/api\/v1\/large\/\{name\}",status="200"\} \d+/,
    )
    expect(metrics).to.contain('process_cpu_seconds_total')
  })

  it('can be built twice over one registry', () => {
    const { platform } = server
    const authenticate = async (): Promise<never> => {
      throw new AppError('auth.unauthenticated')
    }
    expect(() => createApp({ platform, routes, authenticate, denials: noDenials })).not.to.throw()
  })

  describe('across origins', () => {
    const preflight = (url: string, origin: string) =>
      request(url).options('/api/v1/large/a').set('origin', origin).set('access-control-request-method', 'GET')

    it('answers the configured origins alone', async () => {
      const origin = 'https://app.example.org'
      const shared = await startKernelServer({ routes, environment: { CDSA_CORS_ORIGINS: origin } })
      try {
        const allowed = await preflight(shared.url, origin)
        expect(allowed.status).to.equal(204)
        expect(allowed.headers).to.include({
          'access-control-allow-origin': origin,
          'access-control-allow-credentials': 'true',
        })
        const answer = await request(shared.url).get('/api/v1/large/a').set(as('u1')).set('origin', origin)
        expect(answer.headers['access-control-expose-headers']).to.contain('X-Request-Id').and.contain('ETag')
        const refused = await preflight(shared.url, 'https://evil.example.org')
        expect(refused.headers).not.to.have.property('access-control-allow-origin')
      } finally {
        await shared.stop()
      }
    })

    it('shares no credentials with everybody', async () => {
      const open = await startKernelServer({ routes, environment: { CDSA_CORS_ORIGINS: '*' } })
      try {
        const { headers } = await preflight(open.url, 'https://any.example.org')
        expect(headers['access-control-allow-origin']).to.equal('*')
        expect(headers).not.to.have.property('access-control-allow-credentials')
      } finally {
        await open.stop()
      }
    })
  })

  describe('behind a proxy', () => {
    const ipAt = async (trust: Record<string, string>): Promise<unknown> => {
      const proxied = await startKernelServer({ routes, environment: trust })
      try {
        const sent = request(proxied.url).get('/api/v1/large/a').set(as('u1'))
        return (await sent.set('x-forwarded-for', '203.0.113.9')).body.ip
      } finally {
        await proxied.stop()
      }
    }

    it('believes who it was told to believe', async () => {
      expect(await ipAt({})).to.equal('127.0.0.1')
      for (const trusted of ['1', 'true', 'loopback', '127.0.0.1/32']) {
        expect(await ipAt({ CDSA_TRUST_PROXY: trusted }), trusted).to.equal('203.0.113.9')
      }
      for (const trusted of ['false', 'none', '0', '10.0.0.1']) {
        expect(await ipAt({ CDSA_TRUST_PROXY: trusted }), trusted).to.equal('127.0.0.1')
      }
    })

    it('names the variable when it can’t be read', () => {
      const platform = { ...server.platform, config: parseConfig({ CDSA_TRUST_PROXY: 'somebody' }) }
      const authenticate = async (): Promise<never> => {
        throw new AppError('auth.unauthenticated')
      }
      expect(() => createApp({ platform, routes, authenticate, denials: noDenials })).to.throw(/CDSA_TRUST_PROXY/)
    })
  })
})
