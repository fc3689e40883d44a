// Mail by the operator's SMTP server. Its address is configuration, not something that a user or a model names, so that it
// isn't reached through the egress guard.
import { createTransport } from 'nodemailer'
import { AppError } from '../../domain/errors.ts'
import type { SecretValue } from '../secret-value.ts'
import { compose, locked } from './compose.ts'
import type { Deliver } from './mail-message.ts'

const timeouts = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 30_000 }

/** A password goes over TLS alone, unless `?ignoreTLS=true` says otherwise. */
function optionsOf(url: SecretValue) {
  const { protocol, hostname, port, username, password, searchParams } = new URL(url.reveal())
  const secure = protocol === 'smtps:'
  const ignoreTLS = searchParams.get('ignoreTLS') === 'true'
  const auth =
    username === '' ? {} : { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }
  return {
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    ...(port !== '' && { port: Number(port) }),
    secure,
    ignoreTLS,
    requireTLS: username !== '' && !secure && !ignoreTLS,
    ...auth,
    ...timeouts,
    ...locked,
  }
}

/** Its words may quote the message; its code says whether another try may help (RFC 5321 4.2.1). */
function toMailError(error: unknown): AppError {
  const { responseCode, code } = error as { readonly responseCode?: unknown; readonly code?: unknown }
  // Of the message or its recipients; what it refuses else, such as a login, is the operator's to mend.
  const isFinal =
    typeof responseCode === 'number' && responseCode >= 500 && (code === 'EENVELOPE' || code === 'EMESSAGE')
  if (isFinal) return new AppError('mail.rejected', { detail: `The mail server answered ${responseCode}.` })
  const reason = typeof code === 'string' && /^[A-Z]{1,30}$/.test(code) ? ` (${code})` : ''
  return new AppError('mail.unavailable', {
    detail: `The mail server can’t be reached, or takes no mail now${reason}.`,
  })
}

const addressOf = (entry: string | { readonly address: string }): string =>
  typeof entry === 'string' ? entry : entry.address

export function openSmtp({ url }: { readonly url: SecretValue }): Deliver {
  const transport = createTransport(optionsOf(url))
  return async (envelope) => {
    const sent = await transport.sendMail(compose(envelope)).catch((error: unknown) => {
      throw toMailError(error)
    })
    return sent.accepted.map(addressOf)
  }
}
