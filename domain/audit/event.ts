// An event of the audit log, as whoever acts describes it.
// The log adds what proves it.

export interface AuditEventInput {
  readonly action: string
  readonly outcome: 'success' | 'failure' | 'denied'
  readonly actor: { readonly type: 'user' | 'system' | 'anonymous'; readonly id?: string; readonly sessionId?: string }
  readonly resource: { readonly type: string; readonly id?: string; readonly version?: number }
  readonly requestId?: string
  readonly details?: Readonly<Record<string, string | number | boolean>>
}
