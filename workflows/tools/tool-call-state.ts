// Where a tool call stands, as its handlers, the Web UI and the query see it.
import { SearchAttributeType, defineSearchAttributeKey } from '@temporalio/common'
import { ApplicationFailure, setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow'
import type { AwaitedApproval } from '../../activities/tools/awaited-approval.ts'
import { isRefused } from '../../domain/refused-payload.ts'
import type { ApprovalStatus } from '../../domain/tools/approval.ts'
import type { RunOutcome } from '../../domain/tools/execution.ts'
import type { ApprovalToken, ToolCallView } from './messages.ts'

const approvalState = defineSearchAttributeKey('ApprovalState', SearchAttributeType.KEYWORD)

export class ToolCallState {
  #approval: AwaitedApproval | undefined
  #status: ApprovalStatus | undefined
  #stage = 'planned'
  readonly #executionId: string

  constructor(executionId: string) {
    this.#executionId = executionId
  }

  get view(): ToolCallView {
    return { executionId: this.#executionId, approvalId: this.#approval?.approvalId ?? null, stage: this.#stage }
  }

  get approvalId(): string {
    return this.#approval?.approvalId ?? ''
  }

  get isOpen(): boolean {
    return this.#status === 'pending'
  }

  get isApproved(): boolean {
    return this.#status === 'approved'
  }

  at(stage: string): void {
    this.#stage = stage
    const tool = this.#approval === undefined ? '' : `, tool \`${this.#approval.toolName}\``
    setCurrentDetails(`Run \`${this.#executionId}\`${tool}: **${stage}**`)
  }

  open(approval: AwaitedApproval): void {
    this.#approval = approval
    this.#show('pending')
  }

  /** Of several answers that are on their way at once, the first that ended it counts. */
  settle(status: ApprovalStatus): void {
    if (!this.isOpen && status === 'pending') return
    this.#show(status)
  }

  #show(status: ApprovalStatus): void {
    this.#status = status
    upsertSearchAttributes([{ key: approvalState, value: status }])
    this.at(status === 'pending' ? `waits for approval \`${this.approvalId}\`` : status)
  }

  follow(approval: AwaitedApproval): void {
    this.#approval = approval
  }

  end(outcome: RunOutcome): void {
    if (this.#status === 'pending') this.settle('cancelled')
    this.at(outcome)
  }

  isTimeUp(): boolean {
    return this.#approval !== undefined && Date.now() >= this.#approval.expiresAt
  }

  /** Until something happens by the clock. */
  nextChangeMs(): number {
    const { expiresAt, nextChangeAt } = this.#approval ?? { expiresAt: 0, nextChangeAt: null }
    // The rows go by the database's clock, which may be behind: asked again soon, but not at once.
    return Math.max(500, Math.min(expiresAt, nextChangeAt ?? expiresAt) - Date.now())
  }

  /** Whether a message can be about this approval at all. */
  takes(message: unknown): message is ApprovalToken {
    return this.isOpen && !isRefused(message) && typeof (message as Partial<ApprovalToken> | null)?.token === 'string'
  }

  /** A validator: synchronous, because one that isn't never rejects. */
  requireOpen(message: unknown): void {
    if (this.takes(message)) return
    throw ApplicationFailure.nonRetryable('It isn’t pending, or that is no token.', 'approval.already_decided')
  }
}
