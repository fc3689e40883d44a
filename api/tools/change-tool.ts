// Registers, changes and removes tools, each change with its event. Whoever may change tools can't by that get round what
// administrators ask of them: which policy applies, and that a call is approved at all, is another permission's matter.
import type { Db } from '../../db/database.ts'
import { holdApprovalPolicy } from '../../db/tools/approval-policies.ts'
import {
  type StoredTool,
  type ToolSettings,
  createTool,
  deleteTool,
  toPublicTool,
  updateTool,
} from '../../db/tools/tools.ts'
import { AppError } from '../../domain/errors.ts'
import { builtinRules } from '../../domain/tools/builtin-rules.ts'
import type { ChangeTool, CreateTool, Tool } from '../../domain/tools/tool.ts'
import type { Context } from '../../platform/platform.ts'
import { audited, fieldsOf } from '../audit/audited.ts'
import { checkTool, refuseTool, requireSecrets, secretRefsOf } from './check-tool.ts'

function requirePermission({ actor }: Context, permission: 'secret:use' | 'approval:write', what: string): void {
  if (actor.permissions.has(permission)) return
  throw new AppError('auth.forbidden', { detail: `${what} needs the permission ${permission}.` })
}

async function requirePolicy(context: Context, tx: Db, policyId: string | null): Promise<void> {
  requirePermission(context, 'approval:write', 'Choosing a tool’s approval policy')
  if (policyId === null || (await holdApprovalPolicy(tx, policyId))) return
  refuseTool([{ path: 'policyId', message: 'names no approval policy' }])
}

/** Throws `tool.name_taken`, `request.invalid`, `tool.schema_invalid`, `auth.forbidden`. */
export async function makeTool(context: Context, input: CreateTool): Promise<Tool> {
  const { newResourceId: id, actor } = context
  const checked = { ...input, config: checkTool(context, input) }
  const secretRefs = secretRefsOf(checked)
  if (secretRefs.length > 0) requirePermission(context, 'secret:use', 'A tool that refers to secrets')
  const { tool } = await audited(
    context,
    async (tx) => {
      if (input.policyId !== null) await requirePolicy(context, tx, input.policyId)
      await requireSecrets(tx, checked)
      return createTool(tx, { ...checked, id, ownerId: actor.userId, secretRefs })
    },
    ({ made, tool: { name, kind, enabled } }) =>
      made
        ? { action: 'tool.create', resource: { type: 'tool', id, version: 1 }, details: { name, kind, enabled } }
        : undefined,
  )
  return toPublicTool(tool)
}

const fixedFields = ['name', 'description', 'inputSchema', 'sideEffects'] as const

/** What a built-in tool is follows from the code; of its settings, some can't be lifted. */
function requireBuiltinChange(context: Context, before: StoredTool, patch: ChangeTool): void {
  const fixed = fixedFields.filter((field) => patch[field] !== undefined)
  if (fixed.length > 0)
    refuseTool(fixed.map((path) => ({ path, message: 'is fixed for a built-in tool: leave it out' })))
  const { asksAlways, isCacheable } = builtinRules(before.name)
  if (patch.requiresApproval === false && asksAlways)
    refuseTool([{ path: 'requiresApproval', message: `is always true for ${before.name}` }])
  if ((patch.cacheTtlSeconds ?? 0) > 0 && !isCacheable)
    refuseTool([{ path: 'cacheTtlSeconds', message: `is always 0 for ${before.name}: its results aren’t kept` }])
  if (patch.requiresApproval === false && before.requiresApproval)
    requirePermission(context, 'approval:write', 'Freeing a built-in tool of approval')
}

const pick = <T>(given: T | undefined, before: T): T => (given === undefined ? before : given)

/** What has been looked at before isn't looked at again: a tool can be switched off whatever has become of its secrets. */
async function settingsAfter(
  context: Context,
  tx: Db,
  { before, patch }: { readonly before: StoredTool; readonly patch: ChangeTool },
): Promise<ToolSettings> {
  if (before.kind === 'builtin') requireBuiltinChange(context, before, patch)
  if (patch.policyId !== undefined && patch.policyId !== before.policyId)
    await requirePolicy(context, tx, patch.policyId)
  const after = {
    name: pick(patch.name, before.name),
    description: pick(patch.description, before.description),
    inputSchema: pick(patch.inputSchema, before.inputSchema),
    config: pick(patch.config, before.config),
    requiresApproval: pick(patch.requiresApproval, before.requiresApproval),
    policyId: pick(patch.policyId, before.policyId),
    cacheTtlSeconds: pick(patch.cacheTtlSeconds, before.cacheTtlSeconds),
    enabled: pick(patch.enabled, before.enabled),
    sideEffects: pick(patch.sideEffects, before.sideEffects),
  }
  const tool = { ...after, kind: before.kind }
  if (patch.config !== undefined || patch.inputSchema !== undefined) tool.config = checkTool(context, tool)
  const secretRefs = patch.config === undefined ? before.secretRefs : secretRefsOf(tool)
  if (secretRefs.length > 0) requirePermission(context, 'secret:use', 'Changing a tool that refers to secrets')
  if (patch.config !== undefined) await requireSecrets(tx, tool)
  return { ...after, config: tool.config, secretRefs }
}

interface ToolPatch {
  readonly toolId: string
  readonly patch: ChangeTool
  readonly ifVersion: number | undefined
}

/** Throws as `makeTool`, and `resource.not_found`, `request.precondition_failed`. */
export async function changeTool(context: Context, { toolId, patch, ifVersion }: ToolPatch): Promise<Tool> {
  const tool = await audited(
    context,
    (tx) =>
      updateTool(tx, {
        toolId,
        changedBy: context.actor.userId,
        ifVersion,
        apply: (before) => settingsAfter(context, tx, { before, patch }),
      }),
    ({ name, version, enabled }) => ({
      action: 'tool.update',
      resource: { type: 'tool', id: toolId, version },
      details: { name, enabled, fields: fieldsOf(patch) },
    }),
  )
  return toPublicTool(tool)
}

/** Throws `resource.not_found`, `request.precondition_failed`, `tool.not_deletable`. */
export async function removeTool(
  context: Context,
  input: { readonly toolId: string; readonly ifVersion: number | undefined },
): Promise<void> {
  await audited(
    context,
    (tx) => deleteTool(tx, input),
    ({ name, version }) => ({
      action: 'tool.delete',
      resource: { type: 'tool', id: input.toolId, version },
      details: { name },
    }),
  )
}
