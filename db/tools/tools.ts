// Tools and their versions. A version is a row that never changes: what an approval was given for is what runs.
import { UniqueConstraintError } from 'sequelize'
import { AppError } from '../../domain/errors.ts'
import { type Page, type PageQuery, toPage } from '../../domain/resource.ts'
import type { CreateTool, Tool, ToolKind } from '../../domain/tools/tool.ts'
import { type Db, firstOrNotFound } from '../database.ts'
import { newId } from '../ids.ts'
import { olderThan } from '../keyset.ts'

/** A tool with the version that runs now. */
export interface StoredTool extends Tool {
  readonly versionId: string
}

interface ToolRow extends Omit<StoredTool, 'createdAt' | 'updatedAt'> {
  readonly createdAt: Date
  readonly updatedAt: Date
}

const columns = `t.id, t.owner_id as "ownerId", t.name, t.kind, t.version, t.enabled, t.policy_id as "policyId",
  v.id as "versionId", v.description, v.input_schema as "inputSchema", v.config, v.secret_refs as "secretRefs",
  v.requires_approval as "requiresApproval", v.cache_ttl_seconds as "cacheTtlSeconds", v.side_effects as "sideEffects",
  t.created_at as "createdAt", t.updated_at as "updatedAt"`
const joined = 'tools t join tool_versions v on v.tool_id = t.id and v.version = t.version'

const toTool = (row: ToolRow): StoredTool => ({
  ...row,
  createdAt: row.createdAt.toISOString(),
  updatedAt: row.updatedAt.toISOString(),
})

/** As clients see it. */
export const toPublicTool = ({ versionId: _, ...tool }: StoredTool): Tool => tool

export interface NewTool extends Omit<CreateTool, 'kind'> {
  readonly id: string
  readonly kind: ToolKind
  /** Null: built in. */
  readonly ownerId: string | null
  readonly secretRefs: readonly string[]
}

type Version = Pick<
  NewTool,
  'description' | 'inputSchema' | 'config' | 'secretRefs' | 'requiresApproval' | 'cacheTtlSeconds' | 'sideEffects'
>

async function insertVersion(
  tx: Db,
  place: { readonly toolId: string; readonly version: number; readonly createdBy: string | null },
  settings: Version,
): Promise<void> {
  await tx.execute(
    `insert into tool_versions (id, tool_id, version, created_by, description, input_schema, config, secret_refs,
       requires_approval, cache_ttl_seconds, side_effects)
     values ($1, $2, $3, $4, $5, $6::jsonb, $7::jsonb, $8::text[], $9, $10, $11)`,
    [
      newId(),
      place.toolId,
      place.version,
      place.createdBy,
      settings.description,
      JSON.stringify(settings.inputSchema),
      JSON.stringify(settings.config),
      settings.secretRefs,
      settings.requiresApproval,
      settings.cacheTtlSeconds,
      settings.sideEffects,
    ],
  )
}

const nameTaken = (name: string): AppError =>
  new AppError('tool.name_taken', { detail: `There is a tool called ${name} already: choose another name.` })

/** The same id again changes nothing (`made` is false). Throws `tool.name_taken`. In a transaction. */
export async function createTool(
  tx: Db,
  tool: NewTool,
): Promise<{ readonly tool: StoredTool; readonly made: boolean }> {
  const { id, name, kind, ownerId, enabled, policyId } = tool
  const inserted = await tx.query(
    `insert into tools (id, name, kind, owner_id, enabled, policy_id) values ($1, $2, $3, $4, $5, $6)
     on conflict do nothing returning id`,
    [id, name, kind, ownerId, enabled, policyId],
  )
  if (inserted.length > 0) await insertVersion(tx, { toolId: id, version: 1, createdBy: ownerId }, tool)
  else if ((await tx.query('select id from tools where id = $1', [id])).length === 0) throw nameTaken(name)
  return { tool: await getTool(tx, id), made: inserted.length > 0 }
}

/** Newest first. */
export async function listTools(db: Db, { limit, after }: PageQuery): Promise<Page<Tool>> {
  const rows = await db.query<ToolRow>(
    `select ${columns} from ${joined} where t.deleted_at is null and ${olderThan('t.id', '$1')} order by t.id desc limit $2`,
    [after ?? null, limit + 1],
  )
  return toPage(rows.map(toTool).map(toPublicTool), limit)
}

/** Throws `resource.not_found`. */
export async function getTool(db: Db, toolId: string): Promise<StoredTool> {
  const rows = await db.query<ToolRow>(`select ${columns} from ${joined} where t.id = $1 and t.deleted_at is null`, [
    toolId,
  ])
  return toTool(firstOrNotFound(rows, 'tool'))
}

/** Those of these tools that are there, in no order. */
export async function findTools(db: Db, toolIds: readonly string[]): Promise<StoredTool[]> {
  if (toolIds.length === 0) return []
  const rows = await db.query<ToolRow>(
    `select ${columns} from ${joined} where t.id = any($1::uuid[]) and t.deleted_at is null`,
    [toolIds],
  )
  return rows.map(toTool)
}

/** What a change makes of a tool. */
export type ToolSettings = Version & Pick<NewTool, 'name' | 'enabled' | 'policyId'>

export interface ToolChange {
  readonly toolId: string
  readonly changedBy: string | null
  /** The whole of it as it will be, from what it was. */
  apply(before: StoredTool): Promise<ToolSettings>
  readonly ifVersion?: number | undefined
}

function requireVersion({ version }: StoredTool, ifVersion: number | undefined): void {
  if (ifVersion === undefined || ifVersion === version) return
  throw new AppError('request.precondition_failed', {
    detail: 'Read the tool again, and repeat the change on that version.',
  })
}

/**
 * Makes a new version. Throws `resource.not_found`, `request.precondition_failed`, `tool.name_taken`, and what `apply`
 * throws. In a transaction.
 */
export async function updateTool(tx: Db, { toolId, changedBy, apply, ifVersion }: ToolChange): Promise<StoredTool> {
  await tx.query('select id from tools where id = $1 for update', [toolId])
  const before = await getTool(tx, toolId)
  requireVersion(before, ifVersion)
  const after = await apply(before)
  const version = before.version + 1
  await insertVersion(tx, { toolId, version, createdBy: changedBy }, after)
  try {
    await tx.execute(
      `update tools set name = $2, enabled = $3, policy_id = $4, version = $5, updated_at = now() where id = $1`,
      [toolId, after.name, after.enabled, after.policyId, version],
    )
  } catch (error) {
    throw error instanceof UniqueConstraintError ? nameTaken(after.name) : error
  }
  return getTool(tx, toolId)
}

/**
 * Its runs stay, and so do its versions. Throws `resource.not_found`, `request.precondition_failed`,
 * `tool.not_deletable`. In a transaction.
 */
export async function deleteTool(
  tx: Db,
  { toolId, ifVersion }: { readonly toolId: string; readonly ifVersion?: number | undefined },
): Promise<StoredTool> {
  await tx.query('select id from tools where id = $1 for update', [toolId])
  const tool = await getTool(tx, toolId)
  if (tool.kind === 'builtin') {
    throw new AppError('tool.not_deletable', {
      detail: 'A built-in tool stays. Switch it off with "enabled": false, so that nobody can call it.',
    })
  }
  requireVersion(tool, ifVersion)
  await tx.execute('update tools set deleted_at = now(), enabled = false, updated_at = now() where id = $1', [toolId])
  return tool
}
