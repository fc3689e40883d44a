// Sealing: rows become leaves of the tree and its new root is committed, then the root is signed. A crash between the two
// leaves a root that the next call signs; one within the first leaves nothing.
import { randomBytes } from 'node:crypto'
import {
  findCheckpoint,
  findLatestCheckpoint,
  insertCheckpoint,
  type StoredCheckpoint,
} from '../../db/audit/checkpoints.ts'
import { appendAuditEvent } from '../../db/audit/events.ts'
import {
  type ClusterState,
  countLeaves,
  findOrigin,
  findRoot,
  findUnsealedSeconds,
  insertOrigin,
  insertRoot,
  type Origin,
  readClusterState,
  sealAnyRows,
  type SealedRoot,
  sealRows,
} from '../../db/audit/sealing.ts'
import { lockFor } from '../../db/advisory-locks.ts'
import type { Db } from '../../db/database.ts'
import { consistencyProof, rootOf } from './merkle.ts'
import type { AuditSigner } from './signer.ts'
import { closeTiles, createHashReader } from './tree-store.ts'

/** Leaves a transaction: some 100 ms of a lock that only sealers take. */
const defaultLimit = 10_000

export interface SealOptions {
  /** Of the configuration: see CDSA_AUDIT_GENERATION. */
  readonly generation: number
  readonly limit?: number
}

export interface SealedBatch {
  /** How many rows became leaves. */
  readonly sealed: number
  readonly size: number
  /** True when rows are left that could be sealed at once. */
  readonly more: boolean
}

const newOriginName = (): string => `cdsa/audit/${randomBytes(6).toString('hex')}`

/** A transaction id only rises within a cluster: one beyond all that it has given comes from a restored dump. */
const isOurs = (root: SealedRoot | undefined, { xmax }: ClusterState): boolean =>
  root === undefined || root.xidTo === null || BigInt(root.xidTo) <= BigInt(xmax)

interface Life {
  readonly origin: Origin
  readonly root: SealedRoot | undefined
}

/** The origin that goes on, or a new one where the database isn't the one that was sealed last. */
async function findLife(tx: Db, state: ClusterState, generation: number): Promise<Life> {
  const { systemIdentifier } = state
  const last = await findOrigin(tx)
  const root = last && (await findRoot(tx, last.number))
  if (last !== undefined && last.systemIdentifier === systemIdentifier && last.generation === generation) {
    if (isOurs(root, state)) return { origin: last, root }
  }
  const origin = { number: (last?.number ?? 0) + 1, origin: newOriginName(), systemIdentifier, generation }
  const firstSize = await countLeaves(tx)
  await insertOrigin(tx, { ...origin, firstSize })
  await appendAuditEvent(tx, {
    action: 'audit.restart',
    outcome: 'success',
    actor: { type: 'system' },
    resource: { type: 'audit_log', id: origin.origin },
    details: { firstSize, generation, ...(last === undefined ? {} : { previousOrigin: last.origin }) },
  })
  return { origin, root: undefined }
}

/** Gives the next rows their indices and commits the root over them. Any number of processes may call it at once. */
export async function sealBatch(db: Db, { generation, limit = defaultLimit }: SealOptions): Promise<SealedBatch> {
  return db.transaction(async (tx) => {
    await lockFor(tx, 'sealing')
    const state = await readClusterState(tx)
    const { origin, root } = await findLife(tx, state, generation)
    const size = await countLeaves(tx)
    const xidFrom = root?.xidTo ?? null
    const taken =
      xidFrom === null
        ? await sealAnyRows(tx, { ...state, size, limit })
        : await sealRows(tx, { size, xidFrom, xmin: state.xmin, limit })
    const more = taken.xidTo !== state.xmin
    if (taken.count === 0) return { sealed: 0, size, more }
    const newSize = size + taken.count
    await closeTiles(tx, { from: size, to: newSize })
    const newRoot = await rootOf(newSize, createHashReader(tx))
    await insertRoot(tx, origin.number, { size: newSize, root: newRoot, xidTo: taken.xidTo })
    return { sealed: taken.count, size: newSize, more }
  })
}

/**
 * Signs the newest root, unless it is signed already, and resolves to its checkpoint; undefined before the first seal.
 * Throws `audit.checkpoint_refused` as the signer does.
 */
export async function signNewestRoot(db: Db, signer: AuditSigner): Promise<StoredCheckpoint | undefined> {
  return db.transaction(async (tx) => {
    await lockFor(tx, 'sealing')
    const origin = await findOrigin(tx)
    const newest = origin && (await findRoot(tx, origin.number))
    if (origin === undefined || newest === undefined) return undefined
    const latest = await findLatestCheckpoint(tx, origin.origin)
    if (latest?.size === newest.size) return latest
    const readHash = createHashReader(tx)
    const { size, root } = newest
    const note = await signer.sign({
      origin: origin.origin,
      size,
      root,
      prove: (from) => consistencyProof(from, size, readHash),
      latestNote: latest?.note,
    })
    await insertCheckpoint(tx, { origin: origin.origin, size, root, note })
    return findCheckpoint(tx, size)
  })
}

/**
 * Appends an event that says that nothing has happened, unless something has: rows that wait for their seal, or a seal
 * within the last `emptySeconds`. Resolves to whether it did.
 */
export async function appendHeartbeat(db: Db, emptySeconds: number): Promise<boolean> {
  return db.transaction(async (tx) => {
    await lockFor(tx, 'sealing')
    if ((await findUnsealedSeconds(tx)) !== null) return false
    const origin = await findOrigin(tx)
    const root = origin && (await findRoot(tx, origin.number))
    if (root !== undefined && Date.now() - root.at.getTime() < emptySeconds * 1_000) return false
    await appendAuditEvent(tx, {
      action: 'audit.heartbeat',
      outcome: 'success',
      actor: { type: 'system' },
      resource: { type: 'audit_log', ...(origin === undefined ? {} : { id: origin.origin }) },
    })
    return true
  })
}
