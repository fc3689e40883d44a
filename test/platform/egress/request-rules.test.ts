// Which headers may be set, and what a redirect keeps: pure rules, each with what breaks it.
import { expect } from 'chai'
import { type HttpRequest, redirected } from '../../../platform/egress/redirect.ts'
import { ruleOf } from '../../../platform/egress/refusal.ts'
import { checkHeaders } from '../../../platform/egress/request-headers.ts'
import { parseTargetUrl } from '../../../platform/egress/target-url.ts'

function ruleBroken(work: () => unknown): string | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    return ruleOf(error) ?? String(error)
  }
}

const refusedNames = [
  'Host',
  'Connection',
  'Keep-Alive',
  'Proxy-Authorization',
  'Proxy-Connection',
  'TE',
  'Trailer',
  'Transfer-Encoding',
  'Upgrade',
  'Content-Length',
  'Expect',
  'Accept-Encoding',
  'HTTP2-Settings',
  '',
  ' host',
  'host ',
  'ho:st',
  'a\r\nHost',
  'a\0',
  'ä',
]

describe('a header of a request to the outside', () => {
  for (const name of refusedNames) {
    it(`may not be ${JSON.stringify(name)}`, () => {
      expect(ruleBroken(() => checkHeaders({ [name]: 'x' }))).to.equal('header.name')
    })
  }

  it('may not be given twice', () => {
    expect(ruleBroken(() => checkHeaders({ Accept: 'a', accept: 'b' }))).to.equal('header.name')
  })

  it('holds nothing that could end its line', () => {
    for (const value of ['a\r\nHost: b', 'a\nb', 'a\rb', 'a\0b', 'a\u2028b', 'a\u010ab', 'ü', '\x7f']) {
      expect(
        ruleBroken(() => checkHeaders({ 'x-a': value })),
        JSON.stringify(value),
      ).to.equal('header.value')
    }
    expect(checkHeaders({ 'X-A': 'a\tb ~' })).to.deep.equal({ 'x-a': 'a\tb ~' })
  })
})

const request = (change: Partial<HttpRequest> = {}): HttpRequest => ({
  url: new URL('https://a.example/x/y?q=1'),
  method: 'GET',
  headers: { accept: '*/*', authorization: 'Bearer t', cookie: 'c', 'x-api-key': 'k', 'content-type': 'text/plain' },
  body: undefined,
  ...change,
})

describe('a redirect', () => {
  it('keeps credentials within the origin alone', () => {
    expect(redirected(request(), 302, '/z').headers).to.deep.equal(request().headers)
    expect(redirected(request(), 302, '../z').url.href).to.equal('https://a.example/z')
    const left = { accept: '*/*', 'content-type': 'text/plain' }
    for (const origin of ['https://b.example/', 'https://a.example:8443/', '//a.example.b.example/']) {
      expect(redirected(request(), 302, origin).headers, origin).to.deep.equal(left)
    }
  })

  it('from https to http is refused with credentials', () => {
    expect(ruleBroken(() => redirected(request(), 302, 'http://a.example/'))).to.equal('redirect.downgrade')
    const harmless = request({ headers: { accept: '*/*' } })
    expect(redirected(harmless, 302, 'http://a.example/').url.href).to.equal('http://a.example/')
  })

  it('repeats the method and the body, or becomes a GET, as browsers do', () => {
    const post = request({ method: 'POST', body: 'b' })
    const expected: readonly (readonly [status: number, method: string, body: string | undefined])[] = [
      [301, 'GET', undefined],
      [302, 'GET', undefined],
      [303, 'GET', undefined],
      [307, 'POST', 'b'],
      [308, 'POST', 'b'],
    ]
    for (const [status, method, body] of expected) {
      expect(redirected(post, status, '/z'), `${status}`).to.deep.include({ method, body })
    }
    expect(redirected(post, 303, '/z').headers).not.to.have.property('content-type')
    expect(redirected(request({ method: 'PUT', body: 'b' }), 301, '/z')).to.deep.include({ method: 'PUT', body: 'b' })
    expect(redirected(request({ method: 'HEAD' }), 303, '/z').method).to.equal('HEAD')
  })

  it('takes no body to another origin', () => {
    const post = request({ method: 'POST', body: 'b' })
    expect(ruleBroken(() => redirected(post, 307, 'https://b.example/'))).to.equal('redirect.body')
    expect(redirected(post, 303, 'https://b.example/').body).to.equal(undefined)
  })

  it('leads to no other scheme and no user', () => {
    for (const [location, rule] of [
      ['file:///etc/passwd', 'url.scheme'],
      ['ftp://a.example/', 'url.scheme'],
      ['javascript:0', 'url.scheme'],
      ['https://u:p@a.example/', 'url.userinfo'],
      ['https://', 'url.invalid'],
    ] as const) {
      expect(
        ruleBroken(() => redirected(request(), 302, location)),
        location,
      ).to.equal(rule)
    }
  })
})

describe('a URL to the outside', () => {
  it('is http or https, without a user', () => {
    for (const [text, rule] of [
      ['', 'url.invalid'],
      ['/path', 'url.invalid'],
      ['http://[fe80::1%25eth0]/', 'url.invalid'],
      ['http://256.1.1.1/', 'url.invalid'],
      ['gopher://a.example/', 'url.scheme'],
      ['data:,x', 'url.scheme'],
      ['ws://a.example/', 'url.scheme'],
      ['unix:/run/x.sock', 'url.scheme'],
      ['http://u@a.example/', 'url.userinfo'],
      ['http://:p@a.example/', 'url.userinfo'],
    ] as const) {
      expect(
        ruleBroken(() => parseTargetUrl(text)),
        text,
      ).to.equal(rule)
    }
  })
})
