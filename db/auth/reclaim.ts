// An account whose address nobody had proven, taken from whoever registered it: anybody can register with an address that isn’t
// theirs, and wait for its owner. Password, sessions and keys are the caller’s to end, for each way in replaces them otherwise.
import type { Db } from '../database.ts'
import { voidLinks } from './password-links.ts'
import { deleteSecondFactor } from './second-factors.ts'

/** What was taken from whoever had registered the account. */
export interface Reclaimed {
  readonly membersRemoved: number
  readonly secondFactorRemoved: boolean
}

/**
 * Ends what else lets people in, or lets them see what the owner brings: links that set a password, the second factor, and
 * the other members of the account’s collections. Identities there are none: linking one proves the address. The caller
 * holds a lock of the account’s row.
 */
export async function reclaim(tx: Db, userId: string): Promise<Reclaimed> {
  await voidLinks(tx, userId)
  return {
    secondFactorRemoved: await deleteSecondFactor(tx, userId),
    membersRemoved: await removeOtherMembers(tx, userId),
  }
}

/**
 * Leaves the account alone, as an owner, in the collections that it made and is still in; one that it left belongs to those
 * who stayed. The rows’ locks make whoever adds a member at this moment come before, or find their own role gone.
 */
async function removeOtherMembers(tx: Db, userId: string): Promise<number> {
  const made = await tx.query<{ id: string }>(
    `select c.id from collection_members m join collections c on c.id = m.collection_id
     where m.user_id = $1 and c.owner_id = $1 order by c.id for update of c`,
    [userId],
  )
  const bind = [userId, made.map(({ id }) => id)]
  const inThese = 'collection_id = any($2::uuid[])'
  await tx.execute(`update collection_members set role = 'owner' where user_id = $1 and ${inThese}`, bind)
  return await tx.execute(`delete from collection_members where user_id <> $1 and ${inThese}`, bind)
}
