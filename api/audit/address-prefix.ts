// Whom a flood is counted against: one address of version 4, or one network of version 6, of which one host has 2^64.
import ipaddr from 'ipaddr.js'

/** The address itself, of version 6 its first four groups; an unreadable one as it is. */
export function addressPrefix(ip: string | undefined): string {
  if (ip === undefined || !ipaddr.isValid(ip)) return ip ?? 'unknown'
  const address = ipaddr.process(ip)
  if (address instanceof ipaddr.IPv4) return address.toString()
  const groups = address.parts.slice(0, 4).map((part) => part.toString(16))
  return `${groups.join(':')}::/64`
}
