// What was typed as a one-time code: a code of the app, or a recovery code. Either is used up where it is right.
import { type StoredFactor, useRecoveryCode, useStep } from '../../db/auth/second-factors.ts'
import type { Db } from '../../db/database.ts'
import { hashOfRecoveryCode } from '../../platform/auth/one-time-codes.ts'
import type { Platform } from '../../platform/platform.ts'

/** False for a wrong code, and for one that was used before. `tx` is the transaction of what the code opens. */
export async function spendOtp(
  { oneTimeCodes }: Pick<Platform, 'oneTimeCodes'>,
  tx: Db,
  { factor, otp }: { readonly factor: StoredFactor; readonly otp: string },
): Promise<boolean> {
  const step = oneTimeCodes.stepOf(factor, otp)
  if (step !== undefined) return await useStep(tx, { factor, step })
  return await useRecoveryCode(tx, { userId: factor.userId, codeHash: hashOfRecoveryCode(otp) })
}
