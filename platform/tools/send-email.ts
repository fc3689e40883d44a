// `send_email`: a plain message to a few people, under the platform's own address. A person approves each one, because what
// is sent can't be taken back.
import { z } from 'zod'
import { isMailAddress, mailLimits } from '../mail/mail-message.ts'
import type { Mailer } from '../mail/mailer.ts'
import { type BuiltinTool, defineBuiltinTool } from './tool-runner.ts'

const maxEach = mailLimits.recipients / 2

const addresses = z
  .array(z.string().max(254).refine(isMailAddress, 'must be an e-mail address without a name'))
  .max(maxEach)
/** Control characters but tab and line break; half of a surrogate pair. */
const unprintable = /[^\P{Cc}\t\n\r]|\p{Surrogate}/u

const input = z.strictObject({
  to: addresses.min(1),
  cc: addresses.optional(),
  subject: z
    .string()
    .min(1)
    .max(mailLimits.subject)
    .refine((text) => !/\p{Cc}|\p{Surrogate}/u.test(text), 'must be one line'),
  text: z
    .string()
    .min(1)
    .max(20_000)
    .refine((text) => !unprintable.test(text), 'must hold no control characters'),
})

/** Answers {messageId, accepted}. A repeat of one execution bears the same message id. */
export const createSendEmail = ({ mailer }: { readonly mailer: Mailer }): BuiltinTool =>
  defineBuiltinTool({
    name: 'send_email',
    description: 'Sends an e-mail in plain text. A person approves each message.',
    sideEffects: true,
    requiresApproval: true,
    cacheTtlSeconds: 0,
    input,
    run: ({ to, cc = [], subject, text }, { executionId }) =>
      mailer.send({ to, cc, subject, text }, { idempotencyKey: `tool-execution:${executionId}` }),
  })
