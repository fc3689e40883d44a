// A message as nodemailer takes it. Nothing in it may make nodemailer read a file or call an address.
import type { Envelope } from './mail-message.ts'

export const locked = { disableFileAccess: true, disableUrlAccess: true } as const

const toAddress = (address: string) => ({ name: '', address })

export function compose({ from, to, cc = [], subject, text, messageId }: Envelope) {
  return {
    ...locked,
    from: toAddress(from),
    to: to.map(toAddress),
    cc: cc.map(toAddress),
    subject,
    text,
    messageId,
    headers: { 'auto-submitted': 'auto-generated' },
  }
}
