// Who may decide: asked anew each time, for roles are taken away and accounts are disabled.
import { AppError } from '../../domain/errors.ts'
import {
  type Approver,
  type OpenApproval,
  type Standing,
  standingOf,
  stillCounts,
} from '../../domain/tools/approval-rules.ts'
import type { Db } from '../database.ts'

/** As they are now: their roles, and whether they may decide at all. */
async function findApprovers(db: Db, userIds: readonly string[]): Promise<Approver[]> {
  return db.query<Approver>(
    `select u.id as "userId", array_remove(array_agg(distinct r.name), null) as roles,
       u.disabled_at is null and coalesce(bool_or(rp.permission = 'approval:decide'), false) as "mayDecide"
     from users u left join user_roles ur on ur.user_id = u.id left join roles r on r.id = ur.role_id
       left join role_permissions rp on rp.role_id = r.id
     where u.id = any($1::uuid[]) group by u.id`,
    [userIds],
  )
}

/** Everybody who may decide at this moment: by a role, unless they have given their voice away, or in somebody's place. */
export async function findEligibleApprovers(
  db: Db,
  { roles, requesterId, delegations }: Pick<OpenApproval, 'roles' | 'requesterId' | 'delegations'>,
): Promise<string[]> {
  const rows = await db.query<{ id: string }>(
    `select u.id from users u where u.disabled_at is null and u.id <> $2
       and (u.id = any($4::uuid[]) or u.id <> all($3::uuid[]) and exists (
         select from user_roles ur join roles r on r.id = ur.role_id where ur.user_id = u.id and r.name = any($1::text[])))
       and exists (select from user_roles ur join role_permissions rp on rp.role_id = ur.role_id
         where ur.user_id = u.id and rp.permission = 'approval:decide')`,
    [roles, requesterId, delegations.map(({ fromUserId }) => fromUserId), delegations.map(({ toUserId }) => toUserId)],
  )
  return rows.map(({ id }) => id)
}

type May = Extract<Standing, { may: true }>
const refusals = {
  own_request: 'approval.own_request',
  not_eligible: 'approval.not_eligible',
  already_decided: 'approval.already_decided',
} as const

/** For whom somebody may decide now. Throws what keeps them from it. */
export async function requireStanding(db: Db, rules: OpenApproval, userId: string): Promise<May> {
  const behind = rules.delegations.filter(({ toUserId }) => toUserId === userId).map(({ fromUserId }) => fromUserId)
  const people = await findApprovers(db, [userId, ...behind])
  const user = people.find((one) => one.userId === userId)
  if (user === undefined) throw new AppError('approval.not_eligible')
  const standing = standingOf(rules, user, people)
  if (!standing.may) throw new AppError(refusals[standing.because])
  return standing
}

/** Whether each counted voice could speak today as it did. */
export async function areVoicesStillEligible(db: Db, rules: OpenApproval): Promise<boolean> {
  const counted = rules.votes.filter(({ revision }) => revision === rules.revision)
  const people = await findApprovers(
    db,
    counted.flatMap(({ userId, standsFor }) => [userId, standsFor ?? userId]),
  )
  return counted.every((vote) => stillCounts(rules, vote, people))
}

/** Throws `request.invalid` for somebody who can't stand in: the requester, oneself, or one who may not decide. */
export async function requireDelegate(
  db: Db,
  { requesterId }: OpenApproval,
  { fromUserId, toUserId }: { readonly fromUserId: string; readonly toUserId: string },
): Promise<void> {
  const [delegate] = await findApprovers(db, [toUserId])
  if (toUserId !== requesterId && toUserId !== fromUserId && delegate?.mayDecide === true) return
  throw new AppError('request.invalid', {
    detail: 'Name somebody else who may decide on tool calls, and who didn’t ask for this one.',
    errors: [{ path: 'userId', message: 'can’t stand in here' }],
  })
}
