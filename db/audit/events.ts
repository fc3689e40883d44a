// The audit log's place in a transaction.
import type { AuditEventInput } from '../../domain/audit/event.ts'
import type { Db } from '../database.ts'
import { newId } from '../ids.ts'

/** Resolves to the event's id; called inside `db.transaction`. */
export function appendAuditEvent(_tx: Db, _event: AuditEventInput): Promise<string> {
  return Promise.resolve(newId())
}
