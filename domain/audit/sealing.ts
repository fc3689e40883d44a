// What goes in and out of a seal: numbers alone.

export interface SealAuditInput {
  /** After so many seconds without a seal, a heartbeat says that nothing has happened. */
  readonly emptySeconds: number
}

export interface SealAuditResult {
  /** How many events became leaves. */
  readonly sealed: number
  /** How many leaves the tree has. */
  readonly size: number
}
