import { expect } from 'chai'
import request from 'supertest'
import { expectProblem } from '../../support/expect-problem.ts'
import { type KernelServer, startKernelServer } from '../../support/kernel-server.ts'

describe('/docs', () => {
  let server: KernelServer
  const get = (path: string) => request(server.url).get(path)

  before(async () => {
    server = await startKernelServer({ routes: [] })
  })
  after(() => server.stop())

  it('loads everything from this server, without inline scripts', async () => {
    const page = await get('/docs')
    expect(page.status).to.equal(200)
    const references = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, target]) => target ?? '')
    expect(references.filter((target) => !target.startsWith('data:'))).to.have.length(3)
    for (const target of references.filter((target) => !target.startsWith('data:'))) {
      expect(target).to.match(/^\/docs\//)
      expect((await get(target)).status, target).to.equal(200)
    }
    expect(page.text).not.to.match(/<script>|onload=/)
  })

  it('allows in its policy what it loads, and nothing inline', async () => {
    const policy = (await get('/docs')).headers['content-security-policy'] ?? ''
    expect(policy).to.contain("default-src 'none'").and.contain("script-src 'self';").and.contain("connect-src 'self'")
    expect(policy).not.to.match(/script-src[^;]*unsafe/)
  })

  it('names the document to show, in a file', async () => {
    const script = await get('/docs/start.js')
    expect(script.headers['content-type']).to.match(/^text\/javascript/)
    expect(script.text).to.contain("'/openapi.json'")
  })

  it('serves nothing else of the package', async () => {
    for (const path of ['/docs/package.json', '/docs/index.html', '/docs/../package.json', '/docs/..%2fpackage.json']) {
      expectProblem(await get(path), 404)
    }
  })
})
