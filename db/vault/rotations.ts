// Rotations: where each of them stands. A row changes only from a state that allows it, so that a step that runs twice,
// or late, changes nothing.
import { AppError, type StoredProblem } from '../../domain/errors.ts'
import { type Page, type PageQuery, toPage } from '../../domain/resource.ts'
import { type RotationTarget, rotationTargetSchema } from '../../domain/vault/rotation-policy.ts'
import type { Rotation, RotationState, RotationTrigger } from '../../domain/vault/rotation.ts'
import { type Db, firstOrNotFound } from '../database.ts'
import { olderThan } from '../keyset.ts'

export interface StoredRotation {
  readonly id: string
  readonly secretId: string
  readonly target: RotationTarget
  readonly graceSeconds: number
  readonly trigger: RotationTrigger
  readonly state: RotationState
  readonly fromVersion: number | null
  readonly toVersion: number | null
  /** The new value may have reached the target. */
  readonly sent: boolean
  /** Until it is taken back: then no step of it writes to the target any more. */
  readonly mayWrite: boolean
  readonly problem: StoredProblem | null
  readonly startedAt: Date
  /** When the new value became the current one. */
  readonly finishedAt: Date | null
  readonly graceUntil: Date | null
  readonly endedAt: Date | null
}

interface RotationRow extends Omit<StoredRotation, 'target'> {
  readonly rotator: string
  readonly config: unknown
}

const columns = `r.id, r.secret_id as "secretId", r.rotator, r.config, r.grace_seconds as "graceSeconds", r.trigger,
  r.state, r.from_version as "fromVersion", r.to_version as "toVersion", r.sent, r.may_write as "mayWrite", r.problem,
  r.started_at as "startedAt", r.finished_at as "finishedAt", r.grace_until as "graceUntil", r.ended_at as "endedAt"`

const toStored = ({ rotator, config, ...row }: RotationRow): StoredRotation => ({
  ...row,
  target: rotationTargetSchema.parse({ rotator, config }),
})

export const toRotation = ({ target, ...row }: StoredRotation): Rotation => ({
  id: row.id,
  secretId: row.secretId,
  rotator: target.rotator,
  state: row.state,
  trigger: row.trigger,
  fromVersion: row.fromVersion,
  toVersion: row.toVersion,
  startedAt: row.startedAt.toISOString(),
  endedAt: row.endedAt?.toISOString() ?? null,
  problem: row.problem,
})

export interface NewRotation extends Pick<StoredRotation, 'id' | 'secretId' | 'target' | 'graceSeconds' | 'trigger'> {
  readonly requestedBy: string | null
}

/** The caller holds `lockSecret`, and has seen that none is open. */
export async function insertRotation(tx: Db, rotation: NewRotation): Promise<StoredRotation> {
  const { id, secretId, target, graceSeconds, trigger, requestedBy } = rotation
  await tx.execute(
    `insert into secret_rotations (id, secret_id, rotator, config, grace_seconds, trigger, requested_by)
     values ($1, $2, $3, $4::jsonb, $5, $6, $7)`,
    [id, secretId, target.rotator, JSON.stringify(target.config), graceSeconds, trigger, requestedBy],
  )
  return getRotation(tx, id)
}

/** The secret's rotation that hasn't ended. */
export async function findOpenRotation(db: Db, secretId: string): Promise<StoredRotation | undefined> {
  const [row] = await db.query<RotationRow>(
    `select ${columns} from secret_rotations r where r.secret_id = $1 and r.ended_at is null`,
    [secretId],
  )
  return row && toStored(row)
}

/** Throws `resource.not_found`. */
export async function getRotation(db: Db, rotationId: string): Promise<StoredRotation> {
  const rows = await db.query<RotationRow>(`select ${columns} from secret_rotations r where r.id = $1`, [rotationId])
  return toStored(firstOrNotFound(rows, 'rotation'))
}

/** The row, held until the transaction's end. Throws `resource.not_found`. */
export async function lockRotation(tx: Db, rotationId: string): Promise<StoredRotation> {
  await tx.query('select id from secret_rotations where id = $1 for update', [rotationId])
  return getRotation(tx, rotationId)
}

/** Newest first. */
export async function listRotations(db: Db, secretId: string, { limit, after }: PageQuery): Promise<Page<Rotation>> {
  const rows = await db.query<RotationRow>(
    `select ${columns} from secret_rotations r
     where r.secret_id = $1 and ${olderThan('r.id', '$2')} order by r.id desc limit $3`,
    [secretId, after ?? null, limit + 1],
  )
  return toPage(
    rows.map((row) => toRotation(toStored(row))),
    limit,
  )
}

/** The versions that a rotation goes from and to. The caller holds the row. */
export async function recordVersions(
  tx: Db,
  rotationId: string,
  { fromVersion, toVersion }: { readonly fromVersion: number; readonly toVersion: number },
): Promise<void> {
  await tx.execute(
    `update secret_rotations set from_version = $2, to_version = $3, state = 'pending', updated_at = now()
     where id = $1 and ended_at is null`,
    [rotationId, fromVersion, toVersion],
  )
}

const superseded = (): AppError =>
  new AppError('rotation.superseded', { detail: 'It is being taken back, or has ended.' })

/** To be committed before the new value goes to the target. Throws `rotation.superseded`. */
export async function recordSent(db: Db, rotationId: string): Promise<void> {
  const changed = await db.execute(
    `update secret_rotations set sent = true, updated_at = now()
     where id = $1 and may_write and ended_at is null and finished_at is null`,
    [rotationId],
  )
  if (changed === 0) throw superseded()
}

/** Throws `rotation.superseded` once the rotation may not write any more. */
export async function requireWritable(db: Db, rotationId: string): Promise<void> {
  const rows = await db.query(
    'select id from secret_rotations where id = $1 and may_write and ended_at is null and finished_at is null',
    [rotationId],
  )
  if (rows.length === 0) throw superseded()
}

/** Ends its writing: to be committed before the target is asked what it takes. */
export async function stopWriting(db: Db, rotationId: string): Promise<StoredRotation> {
  await db.execute('update secret_rotations set may_write = false, updated_at = now() where id = $1 and may_write', [
    rotationId,
  ])
  return getRotation(db, rotationId)
}

/** Moves a rotation on; no effect on one that has finished or ended, or is in doubt. */
export async function recordStage(db: Db, rotationId: string, state: 'set' | 'tested'): Promise<void> {
  await db.execute(
    `update secret_rotations set state = $2, updated_at = now()
     where id = $1 and finished_at is null and state in ('pending', 'set', 'tested')`,
    [rotationId, state],
  )
}

/** The new value is current from now on; the old one has until `grace_until`. The caller holds the row. */
export async function recordFinish(tx: Db, rotationId: string): Promise<StoredRotation> {
  await tx.execute(
    `update secret_rotations set state = 'grace', finished_at = now(), may_write = false, problem = null,
       grace_until = now() + make_interval(secs => grace_seconds), updated_at = now() where id = $1`,
    [rotationId],
  )
  return getRotation(tx, rotationId)
}

/** False when it was in doubt, or had ended, already. The caller holds the row. */
export async function recordDoubt(tx: Db, rotationId: string, problem: StoredProblem): Promise<boolean> {
  const changed = await tx.query<{ first: boolean }>(
    `update secret_rotations r set state = 'in_doubt', problem = $2::jsonb, updated_at = now()
     from secret_rotations old where r.id = $1 and old.id = r.id and r.ended_at is null
     returning old.state <> 'in_doubt' as first`,
    [rotationId, JSON.stringify(problem)],
  )
  return changed[0]?.first === true
}

/** The caller holds the row, and has seen that it hasn't ended. */
export async function recordEnd(
  tx: Db,
  rotationId: string,
  {
    state,
    problem,
  }: { readonly state: 'completed' | 'rolled_back' | 'failed'; readonly problem: StoredProblem | null },
): Promise<void> {
  await tx.execute(
    `update secret_rotations set state = $2, problem = $3::jsonb, may_write = false, ended_at = now(), updated_at = now()
     where id = $1 and ended_at is null`,
    [rotationId, state, problem === null ? null : JSON.stringify(problem)],
  )
}

/** Another version takes the pending one's place: an abandoned one that the target turned out to take. */
export async function recordToVersion(tx: Db, rotationId: string, toVersion: number): Promise<void> {
  await tx.execute('update secret_rotations set to_version = $2, updated_at = now() where id = $1', [
    rotationId,
    toVersion,
  ])
}

/**
 * Open rotations whose workflow may not run: those that were to begin more than `queuedSeconds` ago, whose start a crash
 * may have swallowed, and others that have been silent for `silentSeconds` beyond their grace.
 */
export async function listStalledRotations(
  db: Db,
  { queuedSeconds, silentSeconds }: { readonly queuedSeconds: number; readonly silentSeconds: number },
): Promise<Pick<Rotation, 'secretId' | 'trigger' | 'rotator'>[]> {
  return db.query(
    `select secret_id as "secretId", trigger, rotator from secret_rotations
     where ended_at is null and updated_at < now() - make_interval(secs => $1::int)
       and (state = 'preflight'
         or greatest(updated_at, grace_until) < now() - make_interval(secs => $2::int))
     order by updated_at limit 100`,
    [queuedSeconds, silentSeconds],
  )
}
