// A message, and what of it is let through: a line break in an address or a subject would begin a header of its own.
// Whoever delivers one gets it checked, with its id.
import { z } from 'zod'
import { AppError } from '../../domain/errors.ts'

export interface MailMessage {
  readonly to: readonly string[]
  readonly cc?: readonly string[]
  readonly subject: string
  /** Plain: there is no HTML whose links say something else than where they lead. */
  readonly text: string
}

/** A message that was checked, with its id. */
export interface Envelope extends MailMessage {
  readonly from: string
  readonly messageId: string
  /** Of the id alone: for a file's name. */
  readonly name: string
}

/** Resolves to the addresses that it was taken for. Throws `mail.rejected`, `mail.unavailable`. */
export type Deliver = (envelope: Envelope) => Promise<readonly string[]>

export const mailLimits = { recipients: 20, subject: 200, text: 100_000 }

export const isMailAddress = (text: string): boolean => text.length <= 254 && z.email().safeParse(text).success

const reject = (detail: string): never => {
  throw new AppError('mail.rejected', { detail })
}

/** Throws `mail.rejected`. */
export function requireSendable({ to, cc = [], subject, text }: MailMessage): void {
  const recipients = [...to, ...cc]
  if (to.length === 0) reject('The message has no recipient.')
  if (recipients.length > mailLimits.recipients)
    reject(`The message has more than ${mailLimits.recipients} recipients.`)
  if (!recipients.every(isMailAddress)) reject('One of the recipients is no e-mail address.')
  if (/\p{Cc}/u.test(subject)) reject('The subject holds a line break or another control character.')
  if (subject.length > mailLimits.subject) reject(`The subject has more than ${mailLimits.subject} characters.`)
  if (text.length > mailLimits.text) reject(`The text has more than ${mailLimits.text} characters.`)
}
