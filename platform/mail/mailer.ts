// Mail to people: by the operator's SMTP server, or into files where there is none. A message's id is made from what it is
// sent for, so that a repeat bears the same one: servers and readers know it again, and a file is written once.
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Config } from '../config.ts'
import { type Deliver, type MailMessage, requireSendable } from './mail-message.ts'
import { openOutbox } from './outbox.ts'
import { openSmtp } from './smtp.ts'

export interface SentMail {
  /** With its angle brackets. */
  readonly messageId: string
  /** The addresses that the server took it for. */
  readonly accepted: readonly string[]
}

export interface Mailer {
  /**
   * `idempotencyKey` names what the message is sent for. With SMTP a repeat is sent again, by the same id. Throws
   * `mail.rejected` (an address, the subject, or the server's refusal) and `mail.unavailable`.
   */
  send(message: MailMessage, options: { readonly idempotencyKey: string }): Promise<SentMail>
}

export function createMailer({ mail, dataDir }: Pick<Config, 'mail' | 'dataDir'>): Mailer {
  const { from, smtpUrl } = mail
  const deliver: Deliver =
    smtpUrl === undefined ? openOutbox({ directory: join(dataDir, 'outbox') }) : openSmtp({ url: smtpUrl })
  return {
    send: async (message, { idempotencyKey }) => {
      requireSendable(message)
      const name = createHash('sha256').update(idempotencyKey).digest('hex').slice(0, 40)
      const messageId = `<${name}@${from.slice(from.lastIndexOf('@') + 1)}>`
      return { messageId, accepted: await deliver({ ...message, from, messageId, name }) }
    },
  }
}
