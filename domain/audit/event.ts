// What happened, who did it and to what: the form of every entry of the audit log.

export interface AuditEventInput {
  readonly action: string
  readonly outcome: 'success' | 'failure' | 'denied'
  readonly actor: {
    readonly type: 'user' | 'system' | 'anonymous'
    readonly id?: string
    readonly sessionId?: string
  }
  readonly resource: { readonly type: string; readonly id?: string }
  readonly requestId?: string
  readonly details?: Readonly<Record<string, string | number | boolean>>
  /** Whose personal values these are. */
  readonly subjectId?: string
  readonly personal?: { readonly ip?: string; readonly userAgent?: string }
}
