// A second factor from its making to its end. A change of it ends no session: whoever fears that somebody else is in the
// account changes its password, which ends all of them.
import {
  type StoredFactor,
  putSecondFactor as storeFactor,
  confirmSecondFactor as storeConfirmation,
  deleteSecondFactor as removeFactor,
  findSecondFactor,
} from '../../db/auth/second-factors.ts'
import { requireManageable } from '../../db/auth/roles.ts'
import type { NewFactor, RecoveryCodes } from '../../domain/auth/second-factor.ts'
import type { AuditAction } from '../../domain/audit/event.ts'
import { AppError } from '../../domain/errors.ts'
import { hashOfRecoveryCode } from '../../platform/auth/one-time-codes.ts'
import { lockActor } from '../../platform/auth/lock-actor.ts'
import type { Context } from '../../platform/platform.ts'
import { type Auditor, audited } from '../audit/audited.ts'
import { spendOtp } from './spend-otp.ts'

type FactorContext = Auditor & Pick<Context, 'db' | 'actor' | 'oneTimeCodes'>

const resourceOf = (userId: string) => ({ type: 'second_factor', id: userId })

const otpInvalid = (action: AuditAction, userId: string): AppError =>
  new AppError('auth.otp_invalid', {
    attempt: { action, outcome: 'failure', resource: resourceOf(userId), subjectId: userId },
  })

const noFactor = (): AppError =>
  new AppError('resource.not_found', { detail: 'There is no such second factor: POST /auth/totp begins one.' })

/** Begins one, which counts once it is confirmed. Throws `auth.second_factor_set`. */
export async function beginSecondFactor(context: FactorContext): Promise<NewFactor> {
  const { actor, oneTimeCodes } = context
  const { userId, email } = actor
  const { secret, ...sealed } = oneTimeCodes.newSecret()
  await audited(
    context,
    async (tx) => {
      await lockActor(tx, actor)
      if (!(await storeFactor(tx, { userId, ...sealed }))) throw new AppError('auth.second_factor_set')
    },
    () => ({ action: 'second_factor.create', resource: resourceOf(userId) }),
  )
  return { secret, otpauthUrl: oneTimeCodes.urlOf(secret, email) }
}

async function findUnconfirmed({ db, actor }: FactorContext): Promise<StoredFactor> {
  const factor = await findSecondFactor(db, actor.userId)
  if (factor === undefined) throw noFactor()
  if (factor.isConfirmed) throw new AppError('auth.second_factor_set')
  return factor
}

/** Throws `resource.not_found`, `auth.second_factor_set`, `auth.otp_invalid`. */
export async function confirmSecondFactor(context: FactorContext, code: string): Promise<RecoveryCodes> {
  const { actor, oneTimeCodes } = context
  const { userId } = actor
  const factor = await findUnconfirmed(context)
  const step = oneTimeCodes.stepOf(factor, code)
  if (step === undefined) throw otpInvalid('second_factor.confirm', userId)
  const recoveryCodes = oneTimeCodes.newRecoveryCodes()
  await audited(
    context,
    async (tx) => {
      await lockActor(tx, actor)
      if (await storeConfirmation(tx, { factor, step }, recoveryCodes.map(hashOfRecoveryCode))) return
      // Another one was begun, or confirmed, meanwhile.
      throw otpInvalid('second_factor.confirm', userId)
    },
    () => ({ action: 'second_factor.confirm', resource: resourceOf(userId) }),
  )
  return { recoveryCodes }
}

/** Throws `resource.not_found`, `auth.otp_invalid`. */
export async function deleteSecondFactor(context: FactorContext, otp: string): Promise<void> {
  const { db, actor } = context
  const { userId } = actor
  const factor = await findSecondFactor(db, userId)
  if (factor?.isConfirmed !== true) throw noFactor()
  await audited(
    context,
    async (tx) => {
      if (!(await spendOtp(context, tx, { factor, otp }))) throw otpInvalid('second_factor.delete', userId)
      await removeFactor(tx, userId)
    },
    () => ({ action: 'second_factor.delete', resource: resourceOf(userId) }),
  )
}

/** For somebody who has lost theirs. Throws `resource.not_found`, `auth.grant_exceeded`. */
export async function deleteSecondFactorOf(
  context: Auditor & Pick<Context, 'db' | 'actor'>,
  userId: string,
): Promise<void> {
  await audited(
    context,
    async (tx) => {
      const { permissions: grantable } = await lockActor(tx, context.actor, 'user:write')
      await requireManageable(tx, { userId, grantable })
      if (!(await removeFactor(tx, userId))) throw noFactor()
    },
    () => ({ action: 'second_factor.delete', resource: resourceOf(userId), subjectId: userId }),
  )
}
