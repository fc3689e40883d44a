// Hosts as the URL parser reads them, and entries of the allow-list.
import { expect } from 'chai'
import fc from 'fast-check'
import { parseHost, parseHostPort } from '../../../platform/egress/host-port.ts'
import { targetOf } from '../../../platform/egress/target-url.ts'

const hosts: readonly (readonly [given: string, host: string | undefined])[] = [
  ['Example.ORG', 'example.org'],
  ['example.org.', 'example.org'],
  ['bücher.example', 'xn--bcher-kva.example'],
  ['0x7f.1', '127.0.0.1'],
  ['0177.0.0.1', '127.0.0.1'],
  ['2130706433', '127.0.0.1'],
  ['127.0.0.1.', '127.0.0.1'],
  ['①②⑦.0.0.1', '127.0.0.1'],
  ['::1', '::1'],
  ['[::1]', '::1'],
  ['::ffff:7f00:1', '127.0.0.1'],
  ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
  ['', undefined],
  ['.', undefined],
  ['fe80::1%eth0', undefined],
  ['fe80::1%25eth0', undefined],
  ['example.org:80', undefined],
  ['user@example.org', undefined],
  ['example.org/path', undefined],
  ['example.org?q', undefined],
  ['example.org#f', undefined],
  ['example.org\\x', undefined],
  ['exam ple.org', undefined],
  ['exam\nple.org', undefined],
  ['exam%70le.org', undefined],
  ['256.256.256.256', undefined],
  ['1.2.3.4.5', undefined],
  ['[::1', undefined],
]

describe('a host', () => {
  for (const [given, host] of hosts) {
    it(`${JSON.stringify(given)} is ${host ?? 'refused'}`, () => expect(parseHost(given)).to.equal(host))
  }

  it('means the same in a URL', () => {
    fc.assert(
      fc.property(fc.oneof(fc.domain(), fc.ipV4(), fc.ipV4Extended(), fc.ipV6()), (given) => {
        const host = parseHost(given)
        const { host: inUrl, port } = targetOf(new URL(`https://${given.includes(':') ? `[${given}]` : given}/`))
        expect(host).to.equal(inUrl)
        expect(port).to.equal(443)
      }),
    )
  })
})

describe('an entry of the allow-list', () => {
  it('is a host and a port', () => {
    expect(parseHostPort('DB.internal:5432')).to.deep.equal({ host: 'db.internal', port: 5432 })
    expect(parseHostPort('[fd00::5]:80')).to.deep.equal({ host: 'fd00::5', port: 80 })
    for (const text of ['db.internal', 'db:', ':80', 'db:0', 'db:65536', 'db:http', '*:80', 'http://db:80', '::1:80']) {
      expect(parseHostPort(text), text).to.equal(undefined)
    }
  })
})
