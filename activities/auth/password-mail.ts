// The text of a mail with a link that sets a password. Nothing in it was typed by whoever asked for it, so that nobody can
// send their own words by it, and the host is the configured one, whatever a request said. Short lines of ASCII stay
// readable in the file of an outbox.
import { type LinkPurpose, linkHours } from '../../domain/auth/password.ts'
import type { MailMessage } from '../../platform/mail/mail-message.ts'

export interface PasswordMail {
  readonly to: string
  readonly purpose: LinkPurpose
  readonly token: string
  readonly expiresAt: Date
  /** Under which browsers reach the console; undefined: the mail tells the call instead of a link. */
  readonly publicUrl: string | undefined
}

const beginnings: Readonly<Record<LinkPurpose, { readonly subject: string; readonly lines: readonly string[] }>> = {
  reset: {
    subject: 'CDSA: set a new password',
    lines: [
      'Somebody, hopefully you, has asked for a new password for the account',
      'of this address. If it was not you, do nothing: the password stays.',
    ],
  },
  invite: {
    subject: 'CDSA: set the password of your new account',
    lines: ['An administrator has made an account for this address.', 'Set its password to sign in.'],
  },
}

const hoursOf = (purpose: LinkPurpose): string => (linkHours[purpose] === 1 ? 'an hour' : `${linkHours[purpose]} hours`)
const timeOf = (time: Date): string => `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`

/** In the fragment, which browsers send to nobody. */
const linkLines = (publicUrl: string, token: string): readonly string[] => [
  'Open this to set the password:',
  '',
  `${publicUrl}/reset-password#token=${token}`,
]

const callLines = (token: string): readonly string[] => [
  'Set the password by this call of the API:',
  '',
  'POST /api/v1/auth/password/reset',
  'Content-Type: application/json',
  '',
  `{"token": "${token}",`,
  ' "newPassword": "..."}',
]

export function passwordMail({ to, purpose, token, expiresAt, publicUrl }: PasswordMail): MailMessage {
  const { subject, lines } = beginnings[purpose]
  const way = publicUrl === undefined ? callLines(token) : linkLines(publicUrl, token)
  const end = [
    `This works once, for ${hoursOf(purpose)}: until ${timeOf(expiresAt)}.`,
    'It ends every open session of the account.',
  ]
  return { to: [to], subject, text: [...lines, '', ...way, '', ...end, ''].join('\n') }
}
