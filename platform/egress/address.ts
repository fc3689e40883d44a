// What an IP address is, after any IPv4 address inside it is taken out: public, private, loopback, or none of them.
// The ranges are ipaddr.js' own, narrowed to what IANA has given out as global unicast: what is unknown isn't public.
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/** `special` may never be connected to: link-local, multicast, documentation, tunnels, unassigned, … */
export type Reach = 'public' | 'private' | 'loopback' | 'special'

export interface ClassifiedAddress {
  /** The one text of this address; an IPv4-mapped one is its IPv4 address. */
  readonly address: string
  readonly family: 4 | 6
  readonly reach: Reach
  /** Where a packet ends: for NAT64 the IPv4 address, else the address itself. */
  readonly destination: string
}

/** RFC 3587: the only unicast block that IANA gives addresses from. */
const globalUnicast: [ipaddr.IPv6, number] = [ipaddr.IPv6.parse('2000::'), 3]
/** RFC 6052: stands for the IPv4 address in its last four bytes. RFC 8215's 64:ff9b:1::/48 is of local use, so never public. */
const nat64: [ipaddr.IPv6, number] = [ipaddr.IPv6.parse('64:ff9b::'), 96]
/** RFC 5214: an interface identifier that holds an IPv4 address, with the universal bit or without. */
const isatap = [0x0000_5efe, 0x0200_5efe]

const reachOfRange: Readonly<Record<string, Reach>> = {
  unicast: 'public',
  private: 'private',
  carrierGradeNat: 'private',
  uniqueLocal: 'private',
  loopback: 'loopback',
}

const reachOfIpv4 = (address: ipaddr.IPv4): Reach => reachOfRange[address.range()] ?? 'special'

/** The IPv4 address that a NAT64 address stands for. */
const translated = (address: ipaddr.IPv6): ipaddr.IPv4 | undefined =>
  address.match(nat64) ? new ipaddr.IPv4(address.toByteArray().slice(12)) : undefined

function reachOfIpv6(address: ipaddr.IPv6): Reach {
  const reach = reachOfRange[address.range()] ?? 'special'
  if (reach !== 'public') return reach
  const [, , , , high = 0, low = 0] = address.parts
  const holdsIpv4 = isatap.includes(high * 0x1_0000 + low)
  return address.match(globalUnicast) && !holdsIpv4 ? 'public' : 'special'
}

const isIpv4 = (address: ipaddr.IPv4 | ipaddr.IPv6): address is ipaddr.IPv4 => address.kind() === 'ipv4'

/** Never to be connected to. */
export const specialAddress = (address: string): ClassifiedAddress => ({
  address,
  family: 6,
  reach: 'special',
  destination: address,
})

/**
 * Of an address in its usual text, such as a resolver gives. Undefined for any other text: the looser forms (octal, hex,
 * one number) are for the URL parser. A zone makes an address special.
 */
export function classifyAddress(text: string): ClassifiedAddress | undefined {
  const version = isIP(text)
  if (version === 0) return undefined
  if (text.includes('%')) return specialAddress(text)
  // ipaddr.js takes `::8.8.8.8` for an IPv4-mapped address: the URL parser's text has no dots.
  const parsed = ipaddr.process(version === 4 ? text : new URL(`http://[${text}]/`).hostname.slice(1, -1))
  const address = isIpv4(parsed) ? parsed.toString() : parsed.toRFC5952String()
  if (isIpv4(parsed)) return { address, family: 4, reach: reachOfIpv4(parsed), destination: address }
  const inner = translated(parsed)
  const reach = inner === undefined ? reachOfIpv6(parsed) : reachOfIpv4(inner)
  return { address, family: 6, reach, destination: inner?.toString() ?? address }
}
