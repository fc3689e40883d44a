// Reads the log for people: each event with the personal values that still exist, and the names of those that don't.
import {
  type AuditEventRecord,
  type AuditFilter,
  type Disclosure,
  findDisclosures,
  getAuditEvent,
  listAuditEvents,
} from '../../db/audit/events.ts'
import type { Db } from '../../db/database.ts'
import type { AuditEvent } from '../../domain/audit/views.ts'
import type { Page, PageQuery } from '../../domain/resource.ts'

function toEvent({ leaf, leafIndex }: AuditEventRecord, disclosures: readonly Disclosure[]): AuditEvent {
  const { v: _, personal: commitments = {}, ...readable } = leaf
  const personal = Object.fromEntries(disclosures.map(({ name, value }) => [name, value]))
  const erased = Object.keys(commitments).filter((name) => !Object.hasOwn(personal, name))
  return { ...readable, personal, erased, leafIndex }
}

/** Events that match all of the filter, newest first. */
export async function readEvents(db: Db, filter: AuditFilter, page: PageQuery): Promise<Page<AuditEvent>> {
  const { data, ...rest } = await listAuditEvents(db, filter, page)
  const disclosures = await findDisclosures(
    db,
    data.map(({ id }) => id),
  )
  return { ...rest, data: data.map((record) => toEvent(record, disclosures.get(record.id) ?? [])) }
}

/** Throws `resource.not_found`. */
export async function readEvent(db: Db, eventId: string): Promise<AuditEvent> {
  const { disclosures, ...record } = await getAuditEvent(db, eventId)
  return toEvent(record, disclosures)
}
