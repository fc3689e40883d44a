// The log's rows: an event is written in the transaction of what it tells, as the JCS text that will be hashed. Personal
// values lie beside it with their salts; the text holds commitments to them alone.
import { createHash, randomBytes } from 'node:crypto'
import { type AuditEventInput, type AuditOutcome, classOf } from '../../domain/audit/event.ts'
import { canonicalize } from '../../domain/audit/jcs.ts'
import type { AuditLeaf } from '../../domain/audit/leaf.ts'
import { AppError } from '../../domain/errors.ts'
import { type Page, type PageQuery, toPage } from '../../domain/resource.ts'
import { type Db, firstOrNotFound } from '../database.ts'
import { leastIdOf, newId } from '../ids.ts'
import { olderThan } from '../keyset.ts'

/** A personal value with its salt in base64: what it takes to check the leaf's commitment. */
export interface Disclosure {
  readonly name: string
  readonly salt: string
  readonly value: string
}

const saltBytes = 32

function disclose(personal: AuditEventInput['personal']): Disclosure[] {
  const known = Object.entries(personal ?? {}).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return known.map(([name, value]) => ({ name, value, salt: randomBytes(saltBytes).toString('base64') }))
}

const commitmentOf = ({ salt, value }: Disclosure): string =>
  createHash('sha256').update(Buffer.from(salt, 'base64')).update(canonicalize(value)).digest('base64')

/** Where a request came from says something of whoever made it, all other values of whom the event is about. */
const subjectOf = (name: string, { actor, subjectId }: AuditEventInput): string | null =>
  ((name === 'ip' || name === 'userAgent') && actor.type === 'user' ? actor.id : subjectId) ?? null

/** The first 48 bits of a UUIDv7 are its time. */
const millisecondsOf = (id: string): number => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)

/** Without the members that are undefined, which JSON has no form for. */
const given = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as T

function toLeaf(id: string, event: AuditEventInput, disclosures: readonly Disclosure[]): AuditLeaf {
  const { action, outcome, actor, resource, details } = event
  const { onBehalfOf, requestId, workflowId, runId, approvalId, reason } = event
  const commitments = Object.fromEntries(disclosures.map((item) => [item.name, commitmentOf(item)]))
  return given({
    v: 1,
    id,
    at: new Date(millisecondsOf(id)).toISOString(),
    ...classOf(action, outcome),
    action,
    outcome,
    actor: given({ type: actor.type, id: actor.id, session: actor.sessionId, apiKey: actor.apiKeyId }),
    resource: given({ type: resource.type, id: resource.id, version: resource.version }),
    onBehalfOf,
    requestId,
    workflowId,
    runId,
    approvalId,
    reason,
    details,
    personal: disclosures.length === 0 ? undefined : commitments,
  }) as AuditLeaf
}

/** The parameters of `audit_append`. */
const types = 'uuid,timestamptz,text,text,text,text,text,text,text[],text[],text[],uuid[]'.split(',')

interface PreparedEvent {
  readonly eventId: string
  readonly bind: readonly unknown[]
}

function prepare(event: AuditEventInput): PreparedEvent {
  const eventId = newId()
  const disclosures = disclose(event.personal)
  const leaf = toLeaf(eventId, event, disclosures)
  const bind: unknown[] = [eventId, leaf.at, canonicalize(leaf), leaf.action, leaf.outcome]
  bind.push(leaf.actor.id ?? null, leaf.resource.type, leaf.resource.id ?? null)
  bind.push(...(['name', 'value', 'salt'] as const).map((field) => disclosures.map((item) => item[field])))
  bind.push(disclosures.map(({ name }) => subjectOf(name, event)))
  return { eventId, bind }
}

const callFrom = (firstParameter: number): string =>
  `audit_append(${types.map((type, index) => `$${firstParameter + index}::${type}`).join(', ')})`

export interface AuditInsert {
  /** A common table expression, `audit_event as (…)`, to stand after others in one statement. */
  readonly cte: string
  /** To stand in the statement's last FROM: an expression that nobody reads isn't run. */
  readonly join: string
  /** The parameters that the expression uses, in order from `firstParameter` on. */
  readonly bind: readonly unknown[]
}

/**
 * An event as a part of another statement, which spares a round trip: it is written when the expression `when`, of one row
 * at most, has one. The statement is the transaction that the event shares with what it tells.
 */
export function auditInsert(
  event: AuditEventInput,
  { firstParameter, when }: { readonly firstParameter: number; readonly when: string },
): AuditInsert {
  const { bind } = prepare(event)
  const cte = `audit_event as materialized (select ${callFrom(firstParameter)} as event_id from ${when})`
  return { cte, join: 'cross join audit_event', bind }
}

const appendStatement = `select ${callFrom(1)} as event_id`

/**
 * Writes an event in the open transaction and resolves to its id; when it can't, the transaction is lost with it. Throws
 * AppError `internal` outside of a transaction: an event that doesn't share the fate of what it tells would lie.
 */
export async function appendAuditEvent(tx: Db, event: AuditEventInput): Promise<string> {
  if (!tx.isInTransaction()) throw new AppError('internal', { detail: 'An audit event needs an open transaction.' })
  const { eventId, bind } = prepare(event)
  await tx.query(appendStatement, bind)
  return eventId
}

export interface AuditFilter {
  readonly actorId?: string | undefined
  readonly action?: string | undefined
  readonly resourceType?: string | undefined
  readonly resourceId?: string | undefined
  readonly outcome?: AuditOutcome | undefined
  /** From here on (RFC 3339). */
  readonly from?: string | undefined
  /** Before this (RFC 3339). */
  readonly to?: string | undefined
}

/** SQL conditions on `e`, with their values appended to `bind`. Times go by the id too, which every index ends with. */
function conditionsOf(filter: AuditFilter, bind: unknown[]): string[] {
  const equal = (column: string, value: unknown): string[] =>
    value === undefined ? [] : [`${column} = $${bind.push(value)}`]
  const { from, to } = filter
  return [
    ...equal('e.actor_id', filter.actorId),
    ...equal('e.action', filter.action),
    ...equal('e.resource_type', filter.resourceType),
    ...equal('e.resource_id', filter.resourceId),
    ...equal('e.outcome', filter.outcome),
    ...(filter.outcome === undefined || filter.outcome === 'success' ? [] : [`e.outcome <> 'success'`]),
    ...(from === undefined
      ? []
      : [`e.at >= $${bind.push(from)}::timestamptz`, `e.id >= $${bind.push(leastIdOf(new Date(from)))}::uuid`]),
    ...(to === undefined
      ? []
      : [`e.at < $${bind.push(to)}::timestamptz`, `e.id < $${bind.push(leastIdOf(new Date(to)))}::uuid`]),
  ]
}

/** An event as it was written, and where it stands in the tree once it is sealed. */
export interface AuditEventRecord {
  readonly id: string
  readonly leaf: AuditLeaf
  readonly leafIndex: number | null
}

interface EventRow {
  readonly id: string
  readonly leaf: string
  readonly leafIndex: string | null
}

const toRecord = ({ id, leaf, leafIndex }: EventRow): AuditEventRecord => ({
  id,
  leaf: JSON.parse(leaf) as AuditLeaf,
  leafIndex: leafIndex === null ? null : Number(leafIndex),
})

/** Events that match all of the filter, newest first. */
export async function listAuditEvents(
  db: Db,
  filter: AuditFilter,
  { limit, after }: PageQuery,
): Promise<Page<AuditEventRecord>> {
  const bind: unknown[] = [after ?? null, limit + 1]
  const conditions = [olderThan('e.id', '$1'), ...conditionsOf(filter, bind)].join(' and ')
  const rows = await db.query<EventRow>(
    `select e.id, e.leaf, (select leaf_index from audit_leaves where event_id = e.id) as "leafIndex"
     from audit_events e where ${conditions} order by e.id desc limit $2`,
    bind,
  )
  return toPage(rows.map(toRecord), limit)
}

/** An event with the personal values that still exist. Throws `resource.not_found`. */
export async function getAuditEvent(
  db: Db,
  eventId: string,
): Promise<AuditEventRecord & { readonly disclosures: readonly Disclosure[] }> {
  const rows = await db.query<EventRow>(
    `select e.id, e.leaf, (select leaf_index from audit_leaves where event_id = e.id) as "leafIndex"
     from audit_events e where e.id = $1 and e.at = timestamptz 'epoch' + $2 * interval '1 millisecond'`,
    [eventId, millisecondsOf(eventId)],
  )
  const record = toRecord(firstOrNotFound(rows, 'event'))
  return { ...record, disclosures: (await findDisclosures(db, [eventId])).get(eventId) ?? [] }
}

/** The personal values of events that haven't been erased, by event. */
export async function findDisclosures(
  db: Db,
  eventIds: readonly string[],
): Promise<ReadonlyMap<string, readonly Disclosure[]>> {
  const rows = await db.query<Disclosure & { eventId: string }>(
    `select event_id as "eventId", name, encode(salt, 'base64') as salt, value from audit_personal
     where event_id = any($1::uuid[]) order by event_id, name`,
    [eventIds],
  )
  const byEvent = new Map<string, Disclosure[]>()
  for (const { eventId, ...disclosure } of rows) {
    byEvent.set(eventId, [...(byEvent.get(eventId) ?? []), disclosure])
  }
  return byEvent
}
