// What the work on a run needs: the run, the version of the tool that it is bound to, and how both stand now.
import type { ExecutionStatus } from '../../domain/tools/execution.ts'
import type { ToolKind } from '../../domain/tools/tool.ts'
import { type Db, firstOrNotFound } from '../database.ts'

export interface ExecutionWork {
  readonly executionId: string
  readonly status: ExecutionStatus
  readonly arguments: Readonly<Record<string, unknown>>
  readonly noCache: boolean
  readonly approvalId: string | null
  readonly turnId: string | null
  readonly callId: string | null
  /** Of the turn; null without one. */
  readonly step: number | null
  readonly requesterId: string
  /** A turn’s model called it, and the turn has ended, or is gone with its chat. */
  readonly turnIsOver: boolean
  /** Active, and still permitted to run tools. */
  readonly requesterMayRun: boolean
  readonly tool: {
    readonly id: string
    readonly name: string
    readonly kind: ToolKind
    readonly policyId: string | null
    readonly versionId: string
    readonly version: number
    readonly inputSchema: Readonly<Record<string, unknown>>
    readonly config: Readonly<Record<string, unknown>>
    readonly secretRefs: string[]
    readonly requiresApproval: boolean
    readonly cacheTtlSeconds: number
    readonly sideEffects: boolean
    /** It names no secrets, or whoever stored this version is active, and still permitted to refer to them. */
    readonly mayUseSecrets: boolean
    /** Switched on, there, and this is the version that runs now. */
    readonly isCurrent: boolean
    readonly isEnabled: boolean
  }
}

/** Locks the run until the end of the transaction that it is called in. Throws `resource.not_found`. */
export async function getExecutionWork(db: Db, executionId: string): Promise<ExecutionWork> {
  if (db.isInTransaction()) await db.query('select id from tool_executions where id = $1 for update', [executionId])
  const rows = await db.query<ExecutionWork>(
    `select e.id as "executionId", e.status, e.arguments, e.no_cache as "noCache", e.approval_id as "approvalId",
       e.turn_id as "turnId", e.call_id as "callId", e.step, e.requester_id as "requesterId",
       e.call_id is not null and not exists (select from turns r
         where r.id = e.turn_id and r.status in ('queued', 'running', 'waiting_approval')) as "turnIsOver",
       u.disabled_at is null and exists (select from user_roles ur join role_permissions rp on rp.role_id = ur.role_id
         where ur.user_id = u.id and rp.permission = 'tool:execute') as "requesterMayRun",
       jsonb_build_object('id', t.id, 'name', t.name, 'kind', t.kind, 'policyId', t.policy_id, 'versionId', v.id,
         'version', v.version, 'inputSchema', v.input_schema, 'config', v.config, 'secretRefs', v.secret_refs,
         'requiresApproval', v.requires_approval, 'cacheTtlSeconds', v.cache_ttl_seconds, 'sideEffects', v.side_effects,
         'mayUseSecrets', v.secret_refs = '{}' or exists (select from users a join user_roles ur on ur.user_id = a.id
           join role_permissions rp on rp.role_id = ur.role_id
           where a.id = v.created_by and a.disabled_at is null and rp.permission = 'secret:use'),
         'isCurrent', t.version = v.version and t.deleted_at is null,
         'isEnabled', t.enabled and t.deleted_at is null) as tool
     from tool_executions e join tools t on t.id = e.tool_id join tool_versions v on v.id = e.tool_version_id
       join users u on u.id = e.requester_id
     where e.id = $1`,
    [executionId],
  )
  return firstOrNotFound(rows, 'run')
}
