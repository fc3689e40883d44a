// Second factors and their recovery codes. A code is used up by one atomic update: of two that come with the same, the later
// waits for the earlier, and then finds nothing.
import type { Db } from '../database.ts'

/** SQL: whether the user `u` has a confirmed one. */
export const hasSecondFactor = `coalesce(
  (select f.confirmed_at is not null from totp_factors f where f.user_id = u.id), false)`

export interface StoredFactor {
  readonly userId: string
  readonly sealedSecret: Buffer
  readonly platformKeyId: string
}

/** Begins a factor, in place of one that wasn’t confirmed; false where a confirmed one is there. */
export async function putSecondFactor(tx: Db, { userId, sealedSecret, platformKeyId }: StoredFactor): Promise<boolean> {
  const rows = await tx.query(
    `insert into totp_factors (user_id, sealed_secret, platform_key_id) values ($1, $2, $3)
     on conflict (user_id) do update set sealed_secret = excluded.sealed_secret,
       platform_key_id = excluded.platform_key_id, created_at = now(), last_step = 0
     where totp_factors.confirmed_at is null returning user_id`,
    [userId, sealedSecret, platformKeyId],
  )
  return rows.length > 0
}

export async function findSecondFactor(
  db: Db,
  userId: string,
): Promise<(StoredFactor & { readonly isConfirmed: boolean }) | undefined> {
  const [found] = await db.query<StoredFactor & { isConfirmed: boolean }>(
    `select user_id as "userId", sealed_secret as "sealedSecret", platform_key_id as "platformKeyId",
       confirmed_at is not null as "isConfirmed"
     from totp_factors where user_id = $1`,
    [userId],
  )
  return found
}

export interface UsedStep {
  readonly factor: Pick<StoredFactor, 'userId' | 'sealedSecret'>
  /** That of the code. */
  readonly step: number
}

/** Confirms the very factor that the code was checked against, with its recovery codes; false when another one is there. */
export async function confirmSecondFactor(
  tx: Db,
  { factor, step }: UsedStep,
  codeHashes: readonly Buffer[],
): Promise<boolean> {
  const { userId, sealedSecret } = factor
  const confirmed = await tx.query(
    `update totp_factors set confirmed_at = now(), last_step = $3
     where user_id = $1 and sealed_secret = $2 and confirmed_at is null returning user_id`,
    [userId, sealedSecret, step],
  )
  if (confirmed.length === 0) return false
  await tx.execute('delete from recovery_codes where user_id = $1', [userId])
  await tx.execute('insert into recovery_codes (user_id, code_hash) select $1, unnest($2::bytea[])', [
    userId,
    codeHashes,
  ])
  return true
}

/** Uses a code up; false when it, or a later one, was used before. */
export async function useStep(tx: Db, { factor, step }: UsedStep): Promise<boolean> {
  const rows = await tx.query(
    `update totp_factors set last_step = $3
     where user_id = $1 and sealed_secret = $2 and confirmed_at is not null and last_step < $3 returning user_id`,
    [factor.userId, factor.sealedSecret, step],
  )
  return rows.length > 0
}

/** Uses a recovery code up; false when there is no such code, or it was used before. */
export async function useRecoveryCode(
  tx: Db,
  { userId, codeHash }: { readonly userId: string; readonly codeHash: Buffer },
): Promise<boolean> {
  const rows = await tx.query(
    `update recovery_codes set used_at = now() where user_id = $1 and code_hash = $2 and used_at is null
     returning user_id`,
    [userId, codeHash],
  )
  return rows.length > 0
}

/** Removes a factor, confirmed or not, with its recovery codes; false when there was none. */
export async function deleteSecondFactor(tx: Db, userId: string): Promise<boolean> {
  await tx.execute('delete from recovery_codes where user_id = $1', [userId])
  return (await tx.query('delete from totp_factors where user_id = $1 returning user_id', [userId])).length > 0
}
