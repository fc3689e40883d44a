// Every failure that CDSA names. One class, one registry: code → kind, title, whether a retry may help.
// api/http/problem.ts maps kinds to HTTP statuses; activities map codes to Temporal's ApplicationFailure.

import type { AuditAttempt } from './audit/event.ts'

export type ErrorKind =
  | 'malformed'
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  | 'conflict'
  | 'precondition'
  | 'too-large'
  | 'unsupported'
  | 'invalid'
  | 'limited'
  | 'internal'
  | 'unavailable'

interface ErrorDefinition {
  readonly kind: ErrorKind
  readonly title: string
  readonly retryable: boolean
}

const define = (kind: ErrorKind, title: string, retryable = false): ErrorDefinition => ({ kind, title, retryable })

/** The closed registry of stable error codes. A code is part of the REST contract: add, never rename. */
export const errorRegistry = {
  'request.malformed': define('malformed', 'The request can’t be read'),
  'request.invalid': define('invalid', 'The request doesn’t match its schema'),
  'request.too_large': define('too-large', 'The request body is too large'),
  'request.unsupported_media_type': define('unsupported', 'The request body’s media type isn’t supported'),
  'request.precondition_failed': define('precondition', 'The resource has changed since it was read'),
  'request.limited': define('limited', 'Too many requests', true),
  'request.aborted': define('unavailable', 'The request was cut off', true),
  'route.not_found': define('not-found', 'There is no such route'),
  'resource.not_found': define('not-found', 'There is no such resource'),
  'idempotency.in_flight': define('conflict', 'A request with this Idempotency-Key is still running', true),
  'idempotency.mismatch': define('invalid', 'This Idempotency-Key was used for a different request'),
  'idempotency.already_done': define('conflict', 'A request with this Idempotency-Key has already succeeded'),
  'auth.unauthenticated': define('unauthenticated', 'Authentication is required'),
  'auth.invalid_credentials': define('unauthenticated', 'The e-mail address or the password is wrong'),
  'auth.refresh_invalid': define('unauthenticated', 'This refresh token is wrong, or its session has ended'),
  'auth.otp_required': define('unauthenticated', 'A one-time code is required'),
  'auth.otp_invalid': define('unauthenticated', 'The one-time code is wrong, or was used before'),
  'auth.no_password': define('conflict', 'The account has no password'),
  'auth.link_invalid': define('invalid', 'This link is wrong, was used before, or has expired'),
  'auth.session_required': define('forbidden', 'This needs a signed-in session, not an API key'),
  'auth.origin_refused': define('forbidden', 'This page may not do that'),
  'auth.registration_closed': define('forbidden', 'Accounts are made by administrators here'),
  'auth.grant_exceeded': define('forbidden', 'Nobody grants what they may not do themselves'),
  'auth.role_taken': define('conflict', 'There is a role of this name already'),
  'auth.role_in_use': define('conflict', 'An approval policy names this role'),
  'auth.role_builtin': define('conflict', 'A built-in role can’t be deleted or renamed'),
  'auth.second_factor_set': define('conflict', 'The account has a second factor already'),
  'auth.forbidden': define('forbidden', 'This account may not do that'),
  'auth.email_taken': define('conflict', 'This e-mail address is registered already'),
  'auth.last_administrator': define('conflict', 'The last administrator can’t be removed'),
  'auth.oidc_not_configured': define('not-found', 'Nobody signs in by OpenID Connect here'),
  'auth.oidc_unavailable': define('unavailable', 'Sign-in by OpenID Connect isn’t available'),
  'auth.oidc_failed': define('unauthenticated', 'The sign-in by OpenID Connect failed'),
  'auth.oidc_unverified': define('forbidden', 'The provider doesn’t vouch for the e-mail address'),
  'auth.oidc_refused': define('forbidden', 'This account may not sign in'),
  'auth.oidc_other_identity': define('forbidden', 'This account is linked to somebody else at the provider'),
  'auth.busy': define('unavailable', 'Too many sign-ins are being checked', true),
  'collection.not_deletable': define('conflict', 'This collection can’t be deleted'),
  'collection.last_owner': define('conflict', 'A collection needs an owner'),
  'document.busy': define('conflict', 'The document is being processed', true),
  'document.empty': define('invalid', 'The document is empty'),
  'document.too_large': define('too-large', 'The document is too large'),
  'document.unsupported': define('unsupported', 'This kind of document can’t be read'),
  'document.broken': define('invalid', 'The document is broken'),
  'document.encrypted': define('invalid', 'The document is encrypted'),
  'document.no_text': define('invalid', 'The document holds no text'),
  'document.limit_exceeded': define('invalid', 'The document exceeds a limit'),
  'document.parser_crashed': define('internal', 'The parser failed on this document', true),
  'chat.model_unknown': define('invalid', 'This model isn’t available'),
  'turn.running': define('conflict', 'The turn is still running'),
  'turn.ended': define('conflict', 'The turn has ended'),
  'llm.rejected': define('invalid', 'The model’s provider rejected the request'),
  'llm.rate_limited': define('limited', 'The model’s provider limits the rate of requests', true),
  'llm.unavailable': define('unavailable', 'The model’s provider is unavailable', true),
  'llm.context_exceeded': define('invalid', 'The message is too long for the model'),
  'rotation.preflight_failed': define('invalid', 'The target isn’t ready for a rotation'),
  'rotation.unsupported_target': define('invalid', 'This target can’t be rotated'),
  'rotation.target_unreachable': define('unavailable', 'The rotation’s target can’t be reached', true),
  'rotation.set_refused': define('invalid', 'The target refused the new value'),
  'rotation.test_failed': define('invalid', 'The new value doesn’t do what the old one did'),
  'rotation.not_revoked': define('conflict', 'The target still takes the old value', true),
  'rotation.no_policy': define('conflict', 'The secret has no rotation policy'),
  'rotation.not_in_doubt': define('conflict', 'The rotation isn’t in doubt'),
  'rotation.cancelled': define('conflict', 'The rotation was cancelled'),
  'rotation.not_due': define('unavailable', 'It isn’t time yet for the rotation’s next step', true),
  'rotation.signing_key_taken': define('conflict', 'Another secret rotates the signing key'),
  'rotation.superseded': define('conflict', 'This rotation may no longer write'),
  'egress.refused': define('forbidden', 'This destination may not be reached'),
  'egress.failed': define('unavailable', 'The destination can’t be reached', true),
  'egress.too_large': define('invalid', 'The destination’s answer is too large'),
  'egress.timeout': define('unavailable', 'The destination took too long', true),
  'tool.schema_invalid': define('invalid', 'The tool’s input schema can’t be used'),
  'tool.arguments_invalid': define('invalid', 'The arguments don’t match the tool’s input schema'),
  'tool.failed': define('invalid', 'The tool couldn’t do what it was asked'),
  'mail.rejected': define('invalid', 'The message can’t be sent'),
  'mail.unavailable': define('unavailable', 'The mail server is unavailable', true),
  'vault.sealed': define('unavailable', 'The vault is sealed', true),
  'vault.access_unlogged': define('unavailable', 'The access couldn’t be logged, so nothing was read', true),
  'vault.key_unchanged': define('conflict', 'The configured key is the current one already'),
  'secret.path_taken': define('conflict', 'There is a secret at this path already'),
  'secret.cas_mismatch': define('conflict', 'The secret’s current version is another one'),
  'secret.managed': define('conflict', 'A rotation policy manages this secret'),
  'secret.deleted': define('conflict', 'The secret is deleted'),
  'secret.not_deleted': define('conflict', 'The secret isn’t deleted'),
  'secret.pending': define('conflict', 'A new value of the secret is being put in place'),
  'secret.version_destroyed': define('conflict', 'This version is destroyed'),
  'secret.no_value': define('not-found', 'There is no such value'),
  'secret.reference_invalid': define('invalid', 'This is no reference to a secret'),
  'secret.destination_refused': define('forbidden', 'The secret may not be sent there'),
  'tool.name_taken': define('conflict', 'There is a tool of this name already'),
  'tool.not_deletable': define('conflict', 'This tool can’t be deleted'),
  'tool.disabled': define('conflict', 'The tool is switched off'),
  'tool.changed': define('conflict', 'The tool has changed since it was called'),
  'tool.timeout': define('unavailable', 'The tool took too long'),
  'tool.outcome_unknown': define('internal', 'It isn’t known whether the tool has run'),
  'tool.denied': define('forbidden', 'The tool call was denied'),
  'tool.expired': define('conflict', 'Nobody decided on the tool call in time'),
  'tool.cancelled': define('conflict', 'The tool call was cancelled'),
  'tool.unknown': define('not-found', 'There is no such tool in this chat'),
  'tool.too_many_calls': define('limited', 'The model called too many tools at once'),
  'tool_execution.ended': define('conflict', 'The run has ended'),
  'approval.own_request': define('forbidden', 'Nobody decides on a request of their own'),
  'approval.not_eligible': define('forbidden', 'This account may not decide on this request'),
  'approval.already_decided': define('conflict', 'This has been decided already'),
  'approval.arguments_changed': define('conflict', 'The arguments have changed since they were read'),
  'approval.edit_refused': define('forbidden', 'The arguments of this request may not be changed'),
  'approval.token_invalid': define('forbidden', 'This token doesn’t decide that'),
  'approval_policy.in_use': define('conflict', 'A tool names this policy'),
  'audit.not_sealed': define('conflict', 'The audit log isn’t sealed that far yet', true),
  'audit.checkpoint_refused': define('internal', 'The audit log doesn’t continue what was signed'),
  'service.unavailable': define('unavailable', 'A service that this needs is unavailable', true),
  'service.shutting_down': define('unavailable', 'The service is shutting down', true),
  internal: define('internal', 'Something went wrong on our side', true),
} as const satisfies Record<string, ErrorDefinition>

export type ErrorCode = keyof typeof errorRegistry

/** One fault of an input: where (a JSON path such as `messages.0.role`) and which rule; never the value. */
export interface FieldFault {
  readonly path: string
  readonly message: string
}

export interface AppErrorOptions {
  /** A sentence for the caller that says what to change. It never holds a value that may be secret. */
  readonly detail?: string
  readonly cause?: unknown
  readonly errors?: readonly FieldFault[]
  readonly retryAfterMs?: number
  /** The id of the resource that the failure is about, when the caller may know it. */
  readonly resourceId?: string
  /** What a refused caller has tried, where the route alone doesn't say it: for the audit log, never for the caller. */
  readonly attempt?: AuditAttempt
}

export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: ErrorCode
  readonly detail: string | undefined
  readonly errors: readonly FieldFault[] | undefined
  readonly retryAfterMs: number | undefined
  readonly resourceId: string | undefined
  readonly attempt: AuditAttempt | undefined

  constructor(code: ErrorCode, options: AppErrorOptions = {}) {
    super(
      options.detail ?? errorRegistry[code].title,
      options.cause === undefined ? undefined : { cause: options.cause },
    )
    this.code = code
    this.detail = options.detail
    this.errors = options.errors
    this.retryAfterMs = options.retryAfterMs
    this.resourceId = options.resourceId
    this.attempt = options.attempt
  }

  get kind(): ErrorKind {
    return errorRegistry[this.code].kind
  }

  get title(): string {
    return errorRegistry[this.code].title
  }

  get retryable(): boolean {
    return errorRegistry[this.code].retryable
  }
}

/** What is stored with a failed turn or document, and sent in `turn.failed`: a problem without HTTP around it. */
export interface StoredProblem {
  readonly code: ErrorCode
  readonly title: string
  readonly detail?: string
  /** Where a tool's arguments were wrong. */
  readonly errors?: FieldFault[]
}

/** The storable form of any failure: unknown errors become `internal`, so that no foreign message leaks. */
export function toStoredProblem(error: unknown): StoredProblem {
  const known = error instanceof AppError ? error : new AppError('internal')
  const { code, title, detail, errors } = known
  return { code, title, ...(detail !== undefined && { detail }), ...(errors !== undefined && { errors: [...errors] }) }
}
