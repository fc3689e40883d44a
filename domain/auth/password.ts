// What it takes to set a password: the one before, or a link that a mail has brought.
import { z } from 'zod'
import { emailSchema, newPasswordSchema, passwordSchema } from './user.ts'

export const changePasswordSchema = z.strictObject({
  currentPassword: passwordSchema,
  newPassword: newPasswordSchema,
})
export type ChangePassword = z.infer<typeof changePasswordSchema>

export const forgotPasswordSchema = z.strictObject({ email: emailSchema })
export type ForgotPassword = z.infer<typeof forgotPasswordSchema>

export const resetPasswordSchema = z.strictObject({
  token: z.string().min(1).max(200).describe('Of the mail'),
  newPassword: newPasswordSchema,
})
export type ResetPassword = z.infer<typeof resetPasswordSchema>

/** What a link is for: a forgotten password, or the first one of an account that an administrator has made. */
export type LinkPurpose = 'reset' | 'invite'

/** How long a link holds. */
export const linkHours: Readonly<Record<LinkPurpose, number>> = { reset: 1, invite: 72 }
