// Runs and approvals on a real database, whose activities a test calls one after the other, as the workflow would.
import { createDecideApproval } from '../../activities/tools/decide-approval.ts'
import { createDelegateApproval } from '../../activities/tools/delegate-approval.ts'
import { createEscalateApproval, createExpireApproval } from '../../activities/tools/approval-times.ts'
import { createEndExecution, type RunEnding } from '../../activities/tools/end-execution.ts'
import { type Plan, createPlanExecution } from '../../activities/tools/plan-execution.ts'
import { createRunTool } from '../../activities/tools/run-tool.ts'
import { newId } from '../../db/ids.ts'
import { seed } from '../../db/seed.ts'
import { createApprovalPolicy } from '../../db/tools/approval-policies.ts'
import { findApprovalOf, type StoredApproval } from '../../db/tools/approvals.ts'
import { createEdit } from '../../db/tools/approval-tokens.ts'
import { createExecution } from '../../db/tools/executions.ts'
import { type ExecutionWork, getExecutionWork } from '../../db/tools/execution-work.ts'
import { type NewTool, type StoredTool, createTool } from '../../db/tools/tools.ts'
import { createApprovalPolicySchema } from '../../domain/tools/approval.ts'
import { toolCallWorkflowId } from '../../domain/tools/workflow-id.ts'
import { type ApprovalAct, createApprovalTokens } from '../../platform/approval-tokens.ts'
import { createLocalBus } from '../../platform/stream/local-bus.ts'
import { createLocalTurnStream } from '../../platform/stream/local-turn-stream.ts'
import { createToolContracts } from '../../platform/tools/tool-contracts.ts'
import type { ToolRuns } from '../../platform/tools/tool-runs.ts'
import { type TestDatabase, startTestDatabase } from './database.ts'
import { inActivity } from './in-activity.ts'
import { makeUser, signInParts } from './sign-in-parts.ts'
import { newMasterKey, vaultOf } from './vault-parts.ts'

export interface Somebody {
  readonly userId: string
  readonly sessionId: string
}

export interface StatedToken {
  readonly approvalId: string
  readonly act: ApprovalAct['act']
  readonly token: string
}

export type ApprovalWorld = Awaited<ReturnType<typeof openApprovalWorld>>

const textSchema = {
  type: 'object',
  properties: { text: { type: 'string' } },
  required: ['text'],
  additionalProperties: false,
}

/** `runs` stands in for the tools themselves: what is tested is what happens before and after them. */
export async function openApprovalWorld(runs: ToolRuns = { run: async (_tool, args) => ({ ran: args }) }) {
  const database: TestDatabase = await startTestDatabase()
  const { db, owner } = database
  const parts = signInParts(db)
  await seed(owner, { admin: {}, passwords: parts.passwords })
  const bus = createLocalBus(parts)
  const streams = createLocalTurnStream({ retentionMs: 60_000 })
  const approvalTokens = createApprovalTokens(parts.signingKeys)
  const vault = await vaultOf(db, newMasterKey('1'))
  const platform = { ...parts, bus, streams, approvalTokens, vault, tools: createToolContracts() }
  const activities = {
    plan: createPlanExecution(platform),
    decide: createDecideApproval(platform),
    delegate: createDelegateApproval(platform),
    escalate: createEscalateApproval(platform),
    expire: createExpireApproval(platform),
    run: createRunTool(platform, runs),
    end: createEndExecution(platform),
  }
  const workflowId = toolCallWorkflowId
  const use = async ({ approvalId, act, token }: StatedToken, { attempt = 1 } = {}): Promise<string> => {
    const activity = act === 'delegate' ? activities.delegate : activities.decide
    return (await inActivity(() => activity({ approvalId, token }), { attempt })).status
  }
  return {
    database,
    platform,
    person: async (...roles: string[]): Promise<Somebody> => {
      const { id: userId } = await makeUser(parts, { roles })
      const sessionId = newId()
      await owner.execute(`insert into sessions (id, user_id, expires_at) values ($1, $2, now() + interval '1 day')`, [
        sessionId,
        userId,
      ])
      return { userId, sessionId }
    },
    /** A role with these permissions. */
    role: async (name: string, ...permissions: string[]): Promise<void> => {
      const id = newId()
      await owner.execute(`insert into roles (id, name, description, builtin) values ($1, $2, 'of a test', false)`, [
        id,
        name,
      ])
      await owner.execute('insert into role_permissions (role_id, permission) select $1, unnest($2::text[])', [
        id,
        permissions,
      ])
    },
    policy: (given: object, by: Somebody) =>
      db.transaction(async (tx) => {
        const settings = createApprovalPolicySchema.parse(given)
        return (await createApprovalPolicy(tx, { ...settings, id: newId(), createdBy: by.userId })).policy
      }),
    tool: (given: Partial<NewTool> & { readonly name: string }): Promise<StoredTool> =>
      db.transaction(async (tx) => {
        const settings = {
          description: 'Of a test.',
          inputSchema: textSchema,
          config: {},
          secretRefs: [],
          policyId: null,
        }
        const rules = { requiresApproval: true, cacheTtlSeconds: 0, enabled: true, sideEffects: true }
        return (await createTool(tx, { id: newId(), kind: 'builtin', ownerId: null, ...settings, ...rules, ...given }))
          .tool
      }),
    /** A run that nothing has been done for. */
    call: async (tool: StoredTool, by: Somebody, args: object = { text: 'as asked' }): Promise<string> => {
      const id = newId()
      const bound = { toolId: tool.id, toolVersionId: tool.versionId, requesterId: by.userId }
      await db.transaction((tx) => createExecution(tx, { id, ...bound, arguments: { ...args }, noCache: false }))
      return id
    },
    plan: (executionId: string): Promise<Plan> =>
      inActivity(() => activities.plan({ executionId }), { workflowId: workflowId(executionId) }),
    run: (executionId: string, { attempt = 1, signal = new AbortController().signal } = {}) =>
      inActivity(() => activities.run({ executionId }), { workflowId: workflowId(executionId), attempt, signal }),
    end: (executionId: string, ending: RunEnding) =>
      inActivity(() => activities.end({ executionId, ...ending }), { workflowId: workflowId(executionId) }),
    /** As a token says it that this person was given. */
    say: async (who: Somebody, approvalId: string, act: ApprovalAct): Promise<string> =>
      use({ approvalId, act: act.act, token: await approvalTokens.mint({ approvalId, ...who, act }) }),
    mint: async (who: Somebody, approvalId: string, act: ApprovalAct): Promise<StatedToken> => ({
      approvalId,
      act: act.act,
      token: await approvalTokens.mint({ approvalId, ...who, act }),
    }),
    use,
    edit: async (who: Somebody, approvalId: string, args: object): Promise<string> => {
      const id = newId()
      await createEdit(db, { id, approvalId, userId: who.userId, arguments: { ...args } })
      return id
    },
    escalate: (approvalId: string) => inActivity(() => activities.escalate({ approvalId })),
    expire: async (approvalId: string): Promise<string> =>
      (await inActivity(() => activities.expire({ approvalId }))).status,
    /** As if so much more time had passed since it was asked for. */
    pass: (approvalId: string, seconds: number): Promise<number> =>
      owner.execute(
        `update approvals set opened_at = opened_at - make_interval(secs => $2),
           expires_at = expires_at - make_interval(secs => $2) where id = $1`,
        [approvalId, seconds],
      ),
    approval: async (executionId: string): Promise<StoredApproval> => {
      const stored = await findApprovalOf(db, executionId)
      if (stored === undefined) throw new Error('There is no approval.')
      return stored
    },
    work: (executionId: string): Promise<ExecutionWork> => getExecutionWork(db, executionId),
    stop: async (): Promise<void> => {
      await streams.close()
      await bus.close()
      await database.stop()
    },
  }
}
