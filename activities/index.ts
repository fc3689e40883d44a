// Every activity, made from one Platform. Workflows see this type alone.
import type { Platform } from '../platform/platform.ts'
import { createToolRuns } from '../platform/tools/tool-runs.ts'
import { createSealAudit } from './audit/seal.ts'
import { createMailPasswordLink } from './auth/mail-password-link.ts'
import { beating } from './beating.ts'
import { createEndTurn } from './chat/end-turn.ts'
import { createFindUnendedExecutions } from './chat/find-unended-executions.ts'
import { createModelStep } from './chat/model-step.ts'
import { createChunkDocument } from './documents/chunk-document.ts'
import { createEmbedChunks } from './documents/embed-chunks.ts'
import { createFailDocument } from './documents/fail-document.ts'
import { createIndexDocument } from './documents/index-document.ts'
import { createParseDocument } from './documents/parse-document.ts'
import { patient } from './patience.ts'
import { createEscalateApproval, createExpireApproval } from './tools/approval-times.ts'
import { createDecideApproval } from './tools/decide-approval.ts'
import { createDelegateApproval } from './tools/delegate-approval.ts'
import { createEndExecution } from './tools/end-execution.ts'
import { createPlanExecution } from './tools/plan-execution.ts'
import { createRunTool } from './tools/run-tool.ts'
import { createBeginRotation } from './vault/begin-rotation.ts'
import { createCreatePending } from './vault/create-pending.ts'
import { createFinishRotation } from './vault/finish-rotation.ts'
import { createPreflightRotation } from './vault/preflight-rotation.ts'
import { createReconcileSchedules } from './vault/reconcile-schedules.ts'
import { createRevokeOld } from './vault/revoke-old.ts'
import { createSetTarget } from './vault/set-target.ts'
import { createDoubtRotation, createSettleRotation } from './vault/settle-rotation.ts'
import { createTestPending } from './vault/test-pending.ts'
import { createRetireKeys } from './vault/retire-keys.ts'
import { createRewrapVersions } from './vault/rewrap-versions.ts'

export type Activities = ReturnType<typeof createActivities>

/** A step of a workflow, which may take long and is tried again. */
const step = <Input, Output>(work: (input: Input) => Promise<Output>, providerMs = 0) =>
  patient(beating(work), { providerMs })

/** So many times the longest silence of a provider may a document wait for one: nobody watches it, and it costs no more. */
const silences = 10

export function createActivities(platform: Platform) {
  return {
    modelStep: step(createModelStep(platform)),
    endTurn: createEndTurn(platform),
    planExecution: createPlanExecution(platform),
    decideApproval: createDecideApproval(platform),
    delegateApproval: createDelegateApproval(platform),
    escalateApproval: createEscalateApproval(platform),
    expireApproval: createExpireApproval(platform),
    runTool: step(createRunTool(platform, createToolRuns(platform))),
    endExecution: createEndExecution(platform),
    findUnendedExecutions: createFindUnendedExecutions(platform),
    parseDocument: step(createParseDocument(platform)),
    chunkDocument: step(createChunkDocument(platform)),
    embedChunks: step(createEmbedChunks(platform), silences * platform.config.llm.stallTimeoutMs),
    indexDocument: step(createIndexDocument(platform)),
    failDocument: createFailDocument(platform),
    beginRotation: step(createBeginRotation(platform)),
    preflightRotation: step(createPreflightRotation(platform)),
    createPending: step(createCreatePending(platform)),
    setTarget: step(createSetTarget(platform)),
    testPending: step(createTestPending(platform)),
    finishRotation: step(createFinishRotation(platform)),
    settleRotation: step(createSettleRotation(platform)),
    doubtRotation: step(createDoubtRotation(platform)),
    revokeOld: step(createRevokeOld(platform)),
    reconcileRotationSchedules: step(createReconcileSchedules(platform)),
    rewrapVersions: step<void, number>(createRewrapVersions(platform)),
    retireKeys: step(createRetireKeys(platform)),
    mailPasswordLink: step(createMailPasswordLink(platform)),
    sealLog: beating(createSealAudit(platform)),
  }
}
