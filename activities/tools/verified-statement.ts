// What an approver has said, out of the token that carried it here: signed by this platform, in time, by somebody who is
// still signed in. Whether they may say it, the rows are asked.
import { Context } from '@temporalio/activity'
import { findActor } from '../../db/auth/sessions.ts'
import type { Db } from '../../db/database.ts'
import { isTokenUsed } from '../../db/tools/approval-tokens.ts'
import type { StoredApproval } from '../../db/tools/approvals.ts'
import { AppError } from '../../domain/errors.ts'
import type { VerifiedStatement } from '../../platform/approval-tokens.ts'
import type { Platform } from '../../platform/platform.ts'

export interface StatementInput {
  readonly approvalId: string
  readonly token: string
}

/** Throws `approval.token_invalid`. */
export async function verifyStatement(
  { db, approvalTokens }: Pick<Platform, 'db' | 'approvalTokens'>,
  { approvalId, token }: StatementInput,
): Promise<VerifiedStatement> {
  const statement = await approvalTokens.verify(token, approvalId)
  if ((await findActor(db, statement)) !== undefined) return statement
  throw new AppError('approval.token_invalid', { detail: 'The session that it was made in has ended.' })
}

/** True where an earlier attempt of this activity has done it. Throws `approval.token_invalid` for a token that has served. */
export async function isDone(tx: Db, { tokenId }: VerifiedStatement): Promise<boolean> {
  if (!(await isTokenUsed(tx, tokenId))) return false
  if (Context.current().info.attempt > 1) return true
  throw new AppError('approval.token_invalid', { detail: 'It has been used.' })
}

/** Throws `approval.already_decided`, also once its time is up. */
export function requirePending({ approval, isOver }: StoredApproval): void {
  if (approval.status !== 'pending')
    throw new AppError('approval.already_decided', { detail: `It is ${approval.status}.` })
  if (isOver) throw new AppError('approval.already_decided', { detail: 'Its time is up.' })
}
