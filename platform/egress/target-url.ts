// A URL as the guard takes it: http or https, without a user in it. The parser's reading is the only one: what is checked
// is what is sent.
import { canonicalHost, type HostPort } from './host-port.ts'
import { refusal } from './refusal.ts'

const defaultPorts: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 }

/** Throws AppError `egress.refused`. `base` is for a relative redirect. */
export function parseTargetUrl(text: string, base?: URL): URL {
  if (!URL.canParse(text, base?.href)) throw refusal('url.invalid')
  const url = new URL(text, base)
  if (!(url.protocol in defaultPorts)) throw refusal('url.scheme')
  if (url.username !== '' || url.password !== '') throw refusal('url.userinfo')
  return url
}

export const targetOf = ({ hostname, port, protocol }: URL): HostPort => ({
  host: canonicalHost(hostname),
  port: port === '' ? (defaultPorts[protocol] ?? 0) : Number(port),
})
