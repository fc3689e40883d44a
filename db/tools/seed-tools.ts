// Brings the built-in tools into the database, at every start. What an administrator has set of one stays: a newer release
// changes only what a model reads and what the code does.
import { canonicalize } from '../../domain/audit/jcs.ts'
import { AppError } from '../../domain/errors.ts'
import { lockFor } from '../advisory-locks.ts'
import type { Db } from '../database.ts'
import { newId } from '../ids.ts'
import { type StoredTool, createTool, getTool, updateTool } from './tools.ts'

export interface BuiltinDefinition {
  readonly name: string
  readonly description: string
  readonly inputSchema: Readonly<Record<string, unknown>>
  readonly sideEffects: boolean
  readonly requiresApproval: boolean
  readonly cacheTtlSeconds: number
}

/** Postgres keeps no order of keys. */
const isSame = (stored: StoredTool, { description, inputSchema, sideEffects }: BuiltinDefinition): boolean =>
  canonicalize([stored.description, stored.inputSchema, stored.sideEffects]) ===
  canonicalize([description, inputSchema, sideEffects])

async function findByName(tx: Db, name: string): Promise<{ readonly id: string; readonly kind: string } | undefined> {
  const [row] = await tx.query<{ id: string; kind: string }>(
    'select id, kind from tools where name = $1 and deleted_at is null',
    [name],
  )
  return row
}

async function seedTool(tx: Db, definition: BuiltinDefinition): Promise<void> {
  const { name } = definition
  const found = await findByName(tx, name)
  if (found === undefined) {
    const settings = { ...definition, config: {}, secretRefs: [], policyId: null, enabled: true }
    await createTool(tx, { id: newId(), kind: 'builtin', ownerId: null, ...settings })
    return
  }
  if (found.kind !== 'builtin') {
    const detail = `The tool ${name} comes with this release, but somebody has made another of that name: rename theirs, then start again.`
    throw new AppError('tool.name_taken', { detail })
  }
  if (isSame(await getTool(tx, found.id), definition)) return
  const { description, inputSchema, sideEffects } = definition
  const apply = async (before: StoredTool) => ({ ...before, description, inputSchema, sideEffects })
  await updateTool(tx, { toolId: found.id, changedBy: null, apply })
}

/** Safe to run by many instances at once. */
export async function seedTools(db: Db, definitions: readonly BuiltinDefinition[]): Promise<void> {
  await db.transaction(async (tx) => {
    await lockFor(tx, 'seed')
    for (const definition of definitions) await seedTool(tx, definition)
  })
}
