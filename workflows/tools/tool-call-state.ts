// Where a tool call stands, as its handlers, the Web UI and the query see it.
import {
  ApplicationFailure,
  SearchAttributeType,
  defineSearchAttributeKey,
  setCurrentDetails,
  upsertSearchAttributes,
} from '@temporalio/workflow'
import { isRefused } from '../../domain/refused-payload.ts'
import type { ApprovalStatus } from '../../domain/tools/approval.ts'
import type { ApprovalToken, ToolCallOutcome, ToolCallView } from './messages.ts'

const approvalState = defineSearchAttributeKey('ApprovalState', SearchAttributeType.KEYWORD)

export interface AwaitedApproval {
  readonly approvalId: string
  readonly toolName: string
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
  /** When the next tier's roles may decide as well; null without one. */
  readonly escalatesAt: number | null
}

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

  at(stage: string): void {
    this.#stage = stage
    const tool = this.#approval === undefined ? '' : `, tool \`${this.#approval.toolName}\``
    setCurrentDetails(`Run \`${this.#executionId}\`${tool}: **${stage}**`)
  }

  open(approval: AwaitedApproval): void {
    this.#approval = approval
    this.settle('pending')
  }

  settle(status: ApprovalStatus): void {
    this.#status = status
    upsertSearchAttributes([{ key: approvalState, value: status }])
    this.at(status === 'pending' ? `waits for approval \`${this.approvalId}\`` : status)
  }

  escalated(approval: Pick<AwaitedApproval, 'escalatesAt'>): void {
    if (this.#approval !== undefined) this.#approval = { ...this.#approval, ...approval }
  }

  end(outcome: ToolCallOutcome): void {
    if (this.#status === 'pending') this.settle('cancelled')
    this.at(outcome)
  }

  isTimeUp(): boolean {
    return this.#approval !== undefined && Date.now() >= this.#approval.expiresAt
  }

  /** Until something happens by the clock. */
  nextChangeMs(): number {
    const { expiresAt, escalatesAt } = this.#approval ?? { expiresAt: 0, escalatesAt: null }
    return Math.max(1, Math.min(expiresAt, escalatesAt ?? expiresAt) - Date.now())
  }

  /** Whether a message can be about this approval at all. */
  takes(message: unknown): message is ApprovalToken {
    return (
      this.isOpen && !isRefused(message) && typeof (message as Partial<ApprovalToken> | null)?.token === 'string'
    )
  }

  /** A validator: synchronous, because one that isn't never rejects. */
  requireOpen(message: unknown): void {
    if (this.takes(message)) return
    throw ApplicationFailure.nonRetryable('It isn’t pending, or that is no token.', 'approval.already_decided')
  }
}
