// Why the guard says no: each rule has a name for programs and a sentence for people. Neither ever holds an address that a
// name led to, because that would tell a stranger what the inside of the network looks like.
import { AppError } from '../../domain/errors.ts'

const sentences = {
  'url.invalid': 'The URL can’t be read.',
  'url.scheme': 'Only http and https URLs may be used.',
  'url.userinfo': 'A URL may hold no user name or password.',
  'host.invalid': 'The host is neither a name nor an address.',
  port: 'Only ports 80 and 443 may be reached: an administrator can open others in CDSA_EGRESS_ALLOW.',
  'address.not_public': 'The host isn’t on the public internet: an administrator can open it in CDSA_EGRESS_ALLOW.',
  'address.own': 'The platform’s own services may not be reached.',
  method: 'This HTTP method may not be used.',
  'header.name': 'A request may not set this header, or its name can’t be sent.',
  'header.value': 'A header’s value holds characters that can’t be sent.',
  'secret.destination': 'A secret may be sent only to the origins that it lists as destinations.',
  'redirect.limit': 'The host redirects too often.',
  'redirect.downgrade': 'The host redirects a request with credentials from https to http.',
  'redirect.body': 'The host redirects a request with a body to another origin.',
} as const

export type EgressRule = keyof typeof sentences

/** AppError `egress.refused`; `errors[0].message` is the rule. */
export const refusal = (rule: EgressRule): AppError =>
  new AppError('egress.refused', { detail: sentences[rule], errors: [{ path: 'url', message: rule }] })

/** The rule of a refusal, undefined for any other error. */
export const ruleOf = (error: unknown): string | undefined =>
  error instanceof AppError && error.code === 'egress.refused' ? error.errors?.[0]?.message : undefined

/** Without a cause: the system's own message would hold the address. */
export function connectionFailure(error: unknown): AppError {
  if (error instanceof AppError) return error
  const { code } = error as { readonly code?: unknown }
  const reason = typeof code === 'string' && /^[A-Z0-9_]{1,60}$/.test(code) ? ` (${code})` : ''
  return new AppError('egress.failed', { detail: `The host can’t be reached, or its answer can’t be read${reason}.` })
}
