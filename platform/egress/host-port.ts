// Names a place to connect to in the one way that all checks compare: the host as the URL parser reads it, and a port.
// The parser is the same one that reads URLs, so `0x7f.1`, `2130706433` and `①②⑦.0.0.1` are what they are there.
import { classifyAddress } from './address.ts'

export interface HostPort {
  /** A lower-case name without a last dot, or an address in its one text, without brackets. */
  readonly host: string
  readonly port: number
}

const withoutBrackets = (hostname: string): string => hostname.replace(/^\[(.*)\]$/, '$1')

/** What is left of a name after IDNA; a wildcard is none. */
const hostName = /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/

/** `hostname` as a parsed URL holds it. */
export function canonicalHost(hostname: string): string {
  const host = withoutBrackets(hostname).replace(/\.$/, '')
  return classifyAddress(host)?.address ?? host
}

/** Undefined when `host` is none: empty, with a port, a zone, a user or a path. An IPv6 address may have its brackets. */
export function parseHost(host: string): string | undefined {
  const text = host.includes(':') ? `[${withoutBrackets(host)}]` : host
  // The URL parser would drop white space and read on after these.
  if (/[\s/\\?#@%]|^$/.test(text)) return undefined
  const address = `http://${text}/`
  if (!URL.canParse(address)) return undefined
  const url = new URL(address)
  if (url.port !== '') return undefined
  const canonical = canonicalHost(url.hostname)
  return hostName.test(canonical) || classifyAddress(canonical) !== undefined ? canonical : undefined
}

const isPort = (port: number): boolean => Number.isInteger(port) && port >= 1 && port <= 65_535

/** Undefined unless `text` is `host:port`, an IPv6 address in brackets. */
export function parseHostPort(text: string): HostPort | undefined {
  const [, given = '', digits = ''] = /^(\[[^\]]+\]|[^:]+):(\d{1,5})$/.exec(text) ?? []
  const host = parseHost(given)
  const port = Number(digits)
  return host === undefined || !isPort(port) ? undefined : { host, port }
}
