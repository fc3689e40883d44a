// Secrets join a request here, after everything that a model or a user wrote: they go to the origins that they list, in a
// header, and never along with a redirect to another origin.
import { refusal } from './refusal.ts'
import { isCredential } from './request-headers.ts'

export interface EgressSecret {
  /** The header that carries it, such as `authorization`. */
  readonly header: string
  /** In front of the value, such as `Bearer `. */
  readonly prefix?: string
  readonly value: string
  /** Origins, such as `https://api.example.org`; none: it goes nowhere. */
  readonly destinations: readonly string[]
}

const originOf = (text: string): string | undefined => (URL.canParse(text) ? new URL(text).origin : undefined)

/** Throws AppError `egress.refused` when a secret may not go to `origin`, or in a header that redirects keep. */
export function headersForSecrets(secrets: readonly EgressSecret[], origin: string): Record<string, string> {
  for (const { header, destinations } of secrets) {
    if (!isCredential(header)) throw refusal('header.name')
    if (!destinations.some((destination) => originOf(destination) === origin)) throw refusal('secret.destination')
  }
  return Object.fromEntries(
    secrets.map(({ header, prefix = '', value }) => [header.toLowerCase(), `${prefix}${value}`]),
  )
}
