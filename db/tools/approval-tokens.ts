// What a token of an approver refers to, and whether it has served: other arguments lie here, because a token stays short.
import type { Db } from '../database.ts'

export interface ApprovalEdit {
  readonly id: string
  readonly approvalId: string
  readonly userId: string
  readonly arguments: Readonly<Record<string, unknown>>
}

export async function createEdit(tx: Db, edit: ApprovalEdit): Promise<void> {
  await tx.execute('insert into approval_edits (id, approval_id, user_id, arguments) values ($1, $2, $3, $4::jsonb)', [
    edit.id,
    edit.approvalId,
    edit.userId,
    JSON.stringify(edit.arguments),
  ])
}

/** Undefined for an edit of another approval, or by another account. */
export async function findEdit(
  db: Db,
  { id, approvalId, userId }: Omit<ApprovalEdit, 'arguments'>,
): Promise<ApprovalEdit['arguments'] | undefined> {
  const [row] = await db.query<{ arguments: ApprovalEdit['arguments'] }>(
    'select arguments from approval_edits where id = $1 and approval_id = $2 and user_id = $3',
    [id, approvalId, userId],
  )
  return row?.arguments
}

/** True once a vote or a delegation was made with it. */
export async function isTokenUsed(db: Db, tokenId: string): Promise<boolean> {
  const rows = await db.query(
    `select 1 as used from approval_decisions where token_id = $1
     union all select 1 from approval_delegations where token_id = $1`,
    [tokenId],
  )
  return rows.length > 0
}
