// Which addresses are public: IANA's special-purpose registries by hand, and generated addresses in every text they have.
import { expect } from 'chai'
import fc from 'fast-check'
import { classifyAddress } from '../../../platform/egress/address.ts'
import { wordsOf } from '../../support/words-of.ts'
import { parseHost } from '../../../platform/egress/host-port.ts'

/** Of the IPv4 and IPv6 special-purpose address registries: first, last or some address of each block. */
const special: readonly string[] = wordsOf(`
  0.0.0.0 0.255.255.255 169.254.0.0 169.254.169.254 192.0.0.0 192.0.0.255 192.0.2.1 192.31.196.1 192.52.193.1
  192.88.99.1 192.175.48.1 198.18.0.0 198.19.255.255 198.51.100.7 203.0.113.9 224.0.0.1 239.255.255.255 240.0.0.1
  255.255.255.255 :: ::2 ::7f00:1 ::8.8.8.8 ::ffff:0:127.0.0.1 ::ffff:0:8.8.8.8 ::1.2.3.4 64:ff9b:1::1
  64:ff9b:1::808:808 64:ff9b:1:ffff::a00:1 64:ff9b:2::1 100::1 100:0:0:1::1 2001::1 2001:0:808:808::1 2001:1::1
  2001:2::1 2001:3::1 2001:4:112::1 2001:10::1 2001:20::1 2001:30::1 2001:1ff:ffff::1 2001:db8::1 2002::1
  2002:7f00:1::1 2002:808:808::1 2620:4f:8000::1 3fff::1 3fff:fff::1 4000::1 5f00::1 e000::1 fe80::1 febf::1
  fec0::1 ff02::1 ff0e::1 2a00::5efe:10.0.0.1 2a00::200:5efe:8.8.8.8 fe80::1%1 2a00::1%eth0
`)
const hidden: readonly string[] = wordsOf(`
  10.0.0.0 10.255.255.255 100.64.0.0 100.127.255.255 172.16.0.0 172.31.255.255 192.168.0.1 fc00::1 fdff:ffff::1
  ::ffff:10.0.0.1 ::ffff:c0a8:1 64:ff9b::10.0.0.1 64:ff9b::ac10:1
`)
const loopback: readonly string[] = wordsOf(`
  127.0.0.1 127.255.255.255 ::1 ::ffff:127.0.0.1 64:ff9b::127.0.0.1
`)
const open: readonly string[] = wordsOf(`
  1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 169.253.255.255
  169.255.0.0 172.15.255.255 172.32.0.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255
  2001:200::1 2001:4860:4860::8888 2606:4700::1111 2a00:1450::1 2003::1 2400::1 3ffe::1 ::ffff:8.8.8.8
  64:ff9b::8.8.8.8
`)

const bytes = (length: number) => fc.array(fc.integer({ min: 0, max: 255 }), { minLength: length, maxLength: length })
const dotted = (address: readonly number[]): string => address.join('.')
const groups = (address: readonly number[]): string[] =>
  Array.from({ length: 8 }, (_, at) => ((address[at * 2] ?? 0) * 256 + (address[at * 2 + 1] ?? 0)).toString(16))
const hexOf = (address: readonly number[]): string => address.map((byte) => byte.toString(16).padStart(2, '0')).join('')

/** Blocks that may never be public, written by hand and apart from the code under test. */
const closedBlocks: readonly (readonly [first: number, bits: number])[] = (
  [
    ['0.0.0.0', 8],
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['127.0.0.0', 8],
    ['169.254.0.0', 16],
    ['172.16.0.0', 12],
    ['192.0.0.0', 24],
    ['192.0.2.0', 24],
    ['192.168.0.0', 16],
    ['198.18.0.0', 15],
    ['198.51.100.0', 24],
    ['203.0.113.0', 24],
    ['224.0.0.0', 4],
    ['240.0.0.0', 4],
  ] as const
).map(([text, bits]) => [text.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0), bits])

const closedIpv4 = fc
  .constantFrom(...closedBlocks)
  .chain(([first, bits]) => fc.integer({ min: 0, max: 2 ** (32 - bits) - 1 }).map((offset) => first + offset))
  .map((value) => [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256))

const octal = (byte: number): string => `0${byte.toString(8)}`
const hex = (byte: number): string => `0x${byte.toString(16)}`
const fullWidth = (text: string): string =>
  text.replaceAll(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit)))

/** Every way in which a URL's host can mean an IPv4 address. */
function textsOfIpv4([a = 0, b = 0, c = 0, d = 0]: readonly number[]): string[] {
  const plain = [a, b, c, d]
  const number = ((a * 256 + b) * 256 + c) * 256 + d
  const low = `${hexOf([a, b])}:${hexOf([c, d])}`
  return [
    dotted(plain),
    `${dotted(plain)}.`,
    plain.map(octal).join('.'),
    plain.map(hex).join('.'),
    [hex(a), octal(b), c, hex(d)].join('.'),
    `${a}.${b}.${c * 256 + d}`,
    `${a}.${(b * 256 + c) * 256 + d}`,
    `${number}`,
    `0x${number.toString(16)}`,
    `0${number.toString(8)}`,
    fullWidth(dotted(plain)),
    dotted(plain).replaceAll('.', '。'),
    `::ffff:${low}`,
    `::ffff:${dotted(plain)}`,
    `::${low}`,
    `::ffff:0:${low}`,
    `64:ff9b::${low}`,
    `64:ff9b::${dotted(plain)}`,
    `64:ff9b:1::${low}`,
    `2002:${low}::1`,
    `2001:0:${low}::1`,
    `2001:0:102:304:0:0:${hexOf([a ^ 255, b ^ 255])}:${hexOf([c ^ 255, d ^ 255])}`,
    `0:0:0:0:0:FFFF:${low.toUpperCase()}`,
    `2a00::5efe:${low}`,
  ]
}

const reachOfHost = (text: string) => {
  const host = parseHost(text)
  return host === undefined ? undefined : classifyAddress(host)?.reach
}

describe('an address', () => {
  for (const [reach, addresses] of Object.entries({ special, private: hidden, loopback, public: open })) {
    it(`is ${reach}: ${addresses.length} of them`, () => {
      for (const address of addresses) {
        expect(classifyAddress(address)?.reach, address).to.equal(reach)
      }
    })
  }

  it('is read in its usual text alone', () => {
    for (const text of [
      '',
      'localhost',
      '127.1',
      '0x7f.0.0.1',
      '0177.0.0.1',
      '2130706433',
      '[::1]',
      ' ::1',
      '1.2.3.4.',
    ]) {
      expect(classifyAddress(text), text).to.equal(undefined)
    }
  })

  it('has one text, and an IPv4 address in it is that address', () => {
    expect(classifyAddress('::FFFF:0808:0808')).to.include({ address: '8.8.8.8', family: 4, reach: 'public' })
    expect(classifyAddress('2A00:0:0:0:0:0:0:1')).to.include({ address: '2a00::1', family: 6 })
  })

  it('[L1] that isn’t public is accepted in no text that a URL may give it', () => {
    fc.assert(
      fc.property(closedIpv4, (address) => {
        for (const text of textsOfIpv4(address)) expect(reachOfHost(text), text).not.to.equal('public')
      }),
      { numRuns: 500 },
    )
  })

  it('[L1] of IPv6 is public only in 2000::/3, or as an IPv4 address that is', () => {
    fc.assert(
      fc.property(bytes(16), (address) => {
        const reach = reachOfHost(groups(address).join(':'))
        if ((address[0] ?? 0) >> 5 !== 1) expect(reach).not.to.equal('public')
        expect(reach).not.to.equal(undefined)
      }),
      { numRuns: 1_000 },
    )
    fc.assert(
      fc.property(bytes(4), (address) => {
        const reach = classifyAddress(dotted(address))?.reach
        for (const text of [`::ffff:${dotted(address)}`, `64:ff9b::${dotted(address)}`])
          expect(reachOfHost(text), text).to.equal(reach)
      }),
    )
  })
})
