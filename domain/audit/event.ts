// What is told to the audit log.

export interface AuditEventInput {
  /** noun.verb, such as `secret.read`. */
  readonly action: `${string}.${string}`
  readonly outcome: 'success' | 'failure' | 'denied'
  readonly actor: {
    readonly type: 'user' | 'system' | 'anonymous'
    readonly id?: string
    readonly sessionId?: string
  }
  readonly onBehalfOf?: string
  readonly resource: { readonly type: string; readonly id?: string; readonly version?: number }
  readonly requestId?: string
  readonly workflowId?: string
  readonly runId?: string
  readonly reason?: string
  readonly details?: Readonly<Record<string, string | number | boolean>>
}
