// Where a secret may be sent: an origin, in the one form in which two of them are compared. Databases have origins here,
// too, though the URL standard gives them none.

const defaultPorts: Readonly<Record<string, string>> = {
  'http:': '80',
  'https:': '443',
  'postgres:': '5432',
  'postgresql:': '5432',
  'redis:': '6379',
  'rediss:': '6379',
}

/** `scheme://host[:port]` of an address, in lower case, without a port that its scheme has anyway; undefined when it has none. */
export function originOf(address: string): string | undefined {
  if (!URL.canParse(address)) return undefined
  const { protocol, hostname, port } = new URL(address)
  if (hostname === '' || !(protocol in defaultPorts)) return undefined
  const scheme = protocol === 'postgresql:' ? 'postgres:' : protocol
  const suffix = port === '' || port === defaultPorts[protocol] ? '' : `:${port}`
  return `${scheme}//${hostname.toLowerCase()}${suffix}`
}

/** The same of a text that is nothing but an origin; undefined when it is more, or none. */
export function parseOrigin(text: string): string | undefined {
  const origin = originOf(text)
  if (origin === undefined) return undefined
  const { username, password, pathname, search, hash } = new URL(text)
  const isBare =
    username === '' && password === '' && (pathname === '' || pathname === '/') && search === '' && hash === ''
  return isBare && !/[?#]$/.test(text) ? origin : undefined
}
