// What a workflow needs to know of an approval to keep its time: when something is due, and when it is over.
import type { StoredApproval } from '../../db/tools/approvals.ts'

export interface AwaitedApproval {
  readonly approvalId: string
  readonly toolName: string
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
  /** When roles are added, or a warning is due; null when nothing is before its end. */
  readonly nextChangeAt: number | null
}

/** Those who may decide are warned when so much of the time is left, or a tenth of it, whichever is less. */
const warningMs = 3_600_000
const warningShare = 0.1

/** Milliseconds since the epoch. */
export function warnsAt({ approval, openedAt }: StoredApproval): number {
  const expiresAt = Date.parse(approval.expiresAt)
  return expiresAt - Math.min(warningMs, (expiresAt - openedAt.getTime()) * warningShare)
}

export function awaitedOf(stored: StoredApproval, now = Date.now()): AwaitedApproval {
  const { approval, openedAt, escalation } = stored
  const escalations = escalation.map(({ afterSeconds }) => openedAt.getTime() + afterSeconds * 1_000)
  const due = [...escalations.slice(approval.tier), warnsAt(stored)].filter((time) => time > now)
  return {
    approvalId: approval.id,
    toolName: approval.toolName,
    expiresAt: Date.parse(approval.expiresAt),
    nextChangeAt: due.length === 0 ? null : Math.min(...due),
  }
}
