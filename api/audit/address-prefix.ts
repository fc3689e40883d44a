// Whom a flood is counted against: one address of version 4, or one network of version 6, of which one host has 2^64.
import { isIPv6 } from 'node:net'

/** The first four groups of an address of version 6; others as they are. */
export function addressPrefix(ip: string | undefined): string {
  if (ip === undefined || !isIPv6(ip)) return ip ?? 'unknown'
  const [address = ''] = ip.split('%')
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  if (mapped?.[1] !== undefined) return mapped[1]
  const [head = '', tail] = address.split('::')
  const groups = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const missing = tail === undefined ? 0 : 8 - groups.length - after.length - (tail.includes('.') ? 1 : 0)
  const all = [...groups, ...Array.from({ length: missing }, () => '0'), ...after]
  return all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')
}
