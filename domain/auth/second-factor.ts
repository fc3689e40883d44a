// A second factor as its owner sees it: what an authenticator app needs, and the codes for the day when that is lost. All of
// it is shown once.
import { z } from 'zod'

/** Six digits, or a recovery code; people type them with spaces and hyphens. */
export const otpSchema = z.string().min(1).max(32)

export const otpBodySchema = z.strictObject({
  code: otpSchema.describe('A one-time code of the authenticator app, or a recovery code'),
})

export const newFactorSchema = z
  .object({
    secret: z.string().describe('Base32, as authenticator apps take it'),
    otpauthUrl: z.string().describe('The same, for a QR code'),
  })
  .meta({ id: 'NewSecondFactor' })
export type NewFactor = z.infer<typeof newFactorSchema>

export const recoveryCodesSchema = z.object({
  recoveryCodes: z.array(z.string()).describe('Each is good for one sign-in without the app; shown this once'),
})
export type RecoveryCodes = z.infer<typeof recoveryCodesSchema>
