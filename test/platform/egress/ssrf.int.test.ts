// What a hostile URL may reach: nothing. Real listeners on loopback count connections, a real DNS server changes its mind,
// and Node's own account of connections is empty.
import { expect } from 'chai'
import { createEgress } from '../../../platform/egress/guarded-fetch.ts'
import { ruleOf } from '../../../platform/egress/refusal.ts'
import { appErrorOf } from '../../support/app-error-of.ts'
import { captureLog } from '../../support/captured-log.ts'
import { type ConnectionAttempts, watchConnectionAttempts } from '../../support/connection-attempts.ts'
import { type CountingServer, startCountingServer } from '../../support/counting-server.ts'
import { type DnsServer, startDnsServer } from '../../support/dns-server.ts'
import { testEgress } from '../../support/egress-harness.ts'
import { rejection } from '../../support/rejection.ts'
import { wordsOf } from '../../support/words-of.ts'

/** Hosts that lead inside; each is tried on port 80, and on the listener's own port. */
const insideHosts: readonly string[] = wordsOf(`
  127.0.0.1 127.1 127.0.1 127.000.000.001 0177.0.0.1 0x7f.0.0.1 0x7f000001 2130706433 017700000001 0x7f.1
  127.0.0.1. ①②⑦.⓪.⓪.① １２７.0.0.1 127。0。0。1 0 0.0.0.0 0x0 00 10.0.0.1 10.1 012.0.0.1 100.64.0.1 169.254.169.254
  0xa9fea9fe 2852039166 0251.0376.0251.0376 172.16.0.1 192.0.0.192 192.168.1.1 198.18.0.1 224.0.0.1 255.255.255.255
  [::] [::1] [0:0:0:0:0:0:0:1] [::127.0.0.1] [::ffff:127.0.0.1] [::ffff:7f00:1] [0:0:0:0:0:ffff:7f00:0001]
  [::ffff:0:127.0.0.1] [64:ff9b::127.0.0.1] [64:ff9b::a00:1] [64:ff9b:1::127.0.0.1] [2002:7f00:1::]
  [2001:0:7f00:1::] [2001:0:102:304:0:0:80ff:fffe] [fe80::1] [fec0::1] [fc00::1] [fd00:ec2::254] [ff02::1] [100::1]
  [2001:db8::1] [3fff::1] [2a00::5efe:127.0.0.1] localhost LOCALHOST localhost. inside.test mixed.test mapped.test
  metadata.test v6.test nat64.test
`)

/** Texts that are no URL the guard takes, with the rule that says so. */
const refusedUrls: readonly (readonly [url: string, rule: string])[] = [
  ['http://user@127.0.0.1/', 'url.userinfo'],
  ['http://public.test:80@127.0.0.1/', 'url.userinfo'],
  ['http://127.0.0.1\\@public.test/', 'address.not_public'],
  ['http:127.0.0.1/', 'address.not_public'],
  ['http:\\\\127.0.0.1\\', 'address.not_public'],
  ['ht\ntp://127.0.0.1/', 'address.not_public'],
  ['http://127.0.\t0.1/', 'address.not_public'],
  ['http://127.0.0.1#@public.test/', 'address.not_public'],
  ['http://127.0.0.1?@public.test/', 'address.not_public'],
  ['http://[::1%25lo]/', 'url.invalid'],
  ['http://127.0.0.1.5/', 'url.invalid'],
  ['http://127.0.0.256/', 'url.invalid'],
  ['http://0x7f.0.0.0x1ff/', 'url.invalid'],
  ['http://127.0.0.1%00.public.test/', 'url.invalid'],
  ['file:///etc/passwd', 'url.scheme'],
  ['gopher://127.0.0.1:6379/_PING', 'url.scheme'],
  ['dict://127.0.0.1:11211/', 'url.scheme'],
  ['ws://127.0.0.1/', 'url.scheme'],
  ['http://public.test:22/', 'port'],
  ['http://public.test:6379/', 'port'],
  ['https://public.test:8443/', 'port'],
  ['http://public.test:0/', 'port'],
]

describe('[L1] a URL that leads inside', () => {
  let dns: DnsServer
  let inside: CountingServer
  let attempts: ConnectionAttempts

  before(async () => {
    dns = await startDnsServer()
    inside = await startCountingServer()
    dns.answer('public.test', ['93.184.216.34'])
    dns.answer('inside.test', ['127.0.0.1'])
    dns.answer('mixed.test', ['93.184.216.34', '10.0.0.1'])
    dns.answer('mapped.test', ['::ffff:127.0.0.1'])
    dns.answer('metadata.test', ['169.254.169.254'])
    dns.answer('v6.test', ['93.184.216.34', 'fd00::1'])
    dns.answer('nat64.test', ['64:ff9b::7f00:1'])
  })
  beforeEach(() => {
    attempts = watchConnectionAttempts()
  })
  afterEach(() => attempts.end())
  after(() => Promise.all([dns.stop(), inside.stop()]))

  /** The system's resolver would do for `localhost`; the DNS server doesn't know it. */
  const lookup = async (name: string): Promise<readonly string[]> =>
    name === 'localhost' ? ['127.0.0.1', '::1'] : dns.lookup(name)

  for (const host of insideHosts) {
    it(`${host} opens no connection`, async () => {
      const egress = testEgress({ lookup })
      for (const [url, rule] of [
        [`http://${host}/`, 'address.not_public'],
        [`https://${host}/`, 'address.not_public'],
        [`http://${host}:${inside.port}/`, 'port'],
      ] as const) {
        expect(ruleOf(await rejection(egress.fetch(url))), url).to.equal(rule)
      }
      expect(ruleOf(await rejection(egress.connect({ host, port: 80 })))).to.equal('address.not_public')
      expect(ruleOf(await rejection(egress.connect({ host, port: inside.port })))).to.equal('port')
      expect(attempts.list).to.deep.equal([])
      expect(inside.connections()).to.equal(0)
    })
  }

  for (const [url, rule] of refusedUrls) {
    it(`${JSON.stringify(url)} is refused: ${rule}`, async () => {
      expect(ruleOf(await rejection(testEgress({ lookup }).fetch(url)))).to.equal(rule)
      expect(attempts.list).to.deep.equal([])
    })
  }

  it('is refused without the address that its name leads to, in the error and in the log', async () => {
    const { log, lines } = captureLog()
    dns.answer('secret-inside.test', ['10.98.76.54'])
    const error = await appErrorOf(
      createEgress({ allow: [], ownPorts: [], log, lookup }).fetch('http://secret-inside.test/'),
    )
    expect(error).to.deep.include({ code: 'egress.refused', kind: 'forbidden', retryable: false })
    expect(JSON.stringify([error.detail, error.errors, error.message, lines])).not.to.include('10.98.76.54')
    expect(lines.join('')).to.include('secret-inside.test')
  })

  it('connects to the address that was checked, whatever the next answer is', async () => {
    dns.answer('rebinding.test', ['93.184.216.34'], ['127.0.0.1'])
    const egress = testEgress({ lookup, allow: [`rebinding.test:${inside.port}`] })
    // Nothing answers there: the attempt itself is what counts.
    await rejection(egress.fetch(`http://rebinding.test:${inside.port}/`, { timeoutMs: 200 }))
    expect(attempts.list).to.deep.equal([`93.184.216.34:${inside.port}`])
    expect(dns.asked('rebinding.test')).to.equal(1)
    expect(ruleOf(await rejection(egress.fetch(`http://rebinding.test:${inside.port}/`)))).to.equal(
      'address.not_public',
    )
    expect(attempts.list).to.have.length(1)
    expect(inside.connections()).to.equal(0)
  })

  it('isn’t opened to this machine or to link-local by a name on the list', async () => {
    const allow = [`inside.test:${inside.port}`, 'metadata.test:80', '169.254.169.254:80']
    const egress = testEgress({ lookup, allow })
    for (const url of [`http://inside.test:${inside.port}/`, 'http://metadata.test/', 'http://169.254.169.254/']) {
      expect(ruleOf(await rejection(egress.fetch(url))), url).to.equal('address.not_public')
    }
    expect(attempts.list).to.deep.equal([])
  })

  it('isn’t opened by an entry for another port or another name of the same host', async () => {
    const egress = testEgress({ lookup, allow: [`127.0.0.1:${inside.port + 1}`, `localhost:${inside.port}`] })
    expect(ruleOf(await rejection(egress.fetch(inside.url)))).to.equal('port')
    expect(inside.connections()).to.equal(0)
  })

  it('isn’t reached by a redirect, whatever its form', async () => {
    const locations = [
      inside.url,
      `//127.0.0.1:${inside.port}/`,
      `http://2130706433:${inside.port}/`,
      'http://127.1/',
      'http://[::1]/',
      'http://169.254.169.254/latest/meta-data',
      'http://inside.test/',
      'https://localhost/',
      'file:///etc/passwd',
      'http://user@127.0.0.1/',
    ]
    let location = ''
    const outside = await startCountingServer((_request, response) => {
      response.writeHead(302, { location }).end()
    })
    const egress = testEgress({ lookup, allow: [`127.0.0.1:${outside.port}`] })
    for (const next of locations) {
      location = next
      const error = await appErrorOf(egress.fetch(outside.url))
      expect(error.code, next).to.equal('egress.refused')
    }
    expect(outside.connections()).to.equal(locations.length)
    expect(attempts.list).to.deep.equal(locations.map(() => `127.0.0.1:${outside.port}`))
    expect(inside.connections()).to.equal(0)
    await outside.stop()
  })

  it('isn’t reached through the proxy variables', async () => {
    const names = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'ALL_PROXY', 'NODE_USE_ENV_PROXY']
    const before = names.map((name) => process.env[name])
    const direct = await startCountingServer()
    for (const name of names) process.env[name] = name.startsWith('NODE') ? '1' : inside.url
    try {
      const answer = await testEgress({ allow: [`127.0.0.1:${direct.port}`] }).fetch(direct.url)
      expect(await answer.text()).to.equal('reached')
    } finally {
      for (const [at, name] of names.entries()) {
        if (before[at] === undefined) delete process.env[name]
        else process.env[name] = before[at]
      }
      await direct.stop()
    }
    expect(inside.connections()).to.equal(0)
  })
})
