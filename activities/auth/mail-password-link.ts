// Mails one link that sets a password. The link's token is made here, from the id, and is in the mail alone.
import { findUnsentLink, noteMailed, voidLink } from '../../db/auth/password-links.ts'
import { AppError } from '../../domain/errors.ts'
import { tokenOfLink } from '../../platform/auth/password-links.ts'
import { type Mailer, createMailer } from '../../platform/mail/mailer.ts'
import type { Platform } from '../../platform/platform.ts'
import { passwordMail } from './password-mail.ts'

type MailPlatform = Pick<Platform, 'db' | 'keys' | 'config'>

/**
 * Does nothing for a link that was mailed, or is over. One that can't be mailed is made void, so that nothing is open that
 * nobody has, and no sweep tries it again. Throws `mail.rejected`, `mail.unavailable`.
 */
export function createMailPasswordLink(
  { db, keys, config }: MailPlatform,
  mailer: Mailer = createMailer(config),
): (input: { readonly linkId: string }) => Promise<void> {
  return async ({ linkId }) => {
    const link = await findUnsentLink(db, linkId)
    if (link === undefined) return
    const message = passwordMail({
      to: link.email,
      purpose: link.purpose,
      token: tokenOfLink(keys, link),
      expiresAt: link.expiresAt,
      publicUrl: config.auth.publicUrl,
    })
    try {
      await mailer.send(message, { idempotencyKey: linkId })
    } catch (error) {
      if (error instanceof AppError && error.code === 'mail.rejected') await voidLink(db, linkId)
      throw error
    }
    await noteMailed(db, linkId)
  }
}
