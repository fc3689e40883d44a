// What a failed step of OpenID Connect is to the caller. Nothing that the provider, or whoever forges its answers, has
// written is passed on: of its texts only the codes that the standards name, from a closed list.
import {
  AuthorizationResponseError,
  ClientError,
  ResponseBodyError,
  WWWAuthenticateChallengeError,
} from 'openid-client'
import { AppError } from '../../domain/errors.ts'

/** RFC 6749 4.1.2.1 and 5.2, OpenID Connect Core 1.0 3.1.2.6. */
const standardCodes: ReadonlySet<string> = new Set([
  'access_denied',
  'account_selection_required',
  'consent_required',
  'interaction_required',
  'invalid_client',
  'invalid_grant',
  'invalid_request',
  'invalid_scope',
  'login_required',
  'server_error',
  'temporarily_unavailable',
  'unauthorized_client',
  'unsupported_grant_type',
  'unsupported_response_type',
])

const retryAfterMs = 5_000

/** A guard's refusal is the operator's to put right; the guard itself has logged which rule it was. */
const outages: Readonly<Record<string, boolean>> = {
  'egress.failed': true,
  'egress.timeout': true,
  'egress.too_large': false,
  'egress.refused': false,
}

const unavailable = (cause: unknown): AppError =>
  new AppError('service.unavailable', {
    detail: 'The OpenID Connect provider can’t be reached at the moment.',
    retryAfterMs,
    cause,
  })

const misconfigured = (cause: unknown): AppError =>
  new AppError('auth.oidc_unavailable', {
    detail: 'The OpenID Connect provider can’t be used as it is configured: the log says why.',
    cause,
  })

/** The AppError that the guard threw, below whatever the library made of it. */
function thrownByGuard(error: unknown): AppError | undefined {
  if (error instanceof AppError) return error
  return error instanceof Error ? thrownByGuard(error.cause) : undefined
}

const statusOf = ({ cause }: Error): number | undefined => (cause instanceof Response ? cause.status : undefined)

/** Undefined when it isn't about reaching the provider. */
function outageOf(error: unknown): AppError | undefined {
  const byGuard = thrownByGuard(error)
  if (byGuard !== undefined) return outages[byGuard.code] === false ? misconfigured(byGuard) : unavailable(byGuard)
  if (!(error instanceof ClientError)) return undefined
  const status = statusOf(error)
  if (error.code === 'OAUTH_TIMEOUT' || (status !== undefined && status >= 500)) return unavailable(error)
  return status === undefined ? undefined : misconfigured(error)
}

/** Of a failed discovery: AppError `service.unavailable`, and `auth.oidc_unavailable` for what a retry doesn't change. */
export const discoveryFailure = (error: unknown): AppError => outageOf(error) ?? misconfigured(error)

function codeOf(error: unknown): string | undefined {
  if (error instanceof WWWAuthenticateChallengeError) return 'invalid_client'
  if (!(error instanceof ResponseBodyError) && !(error instanceof AuthorizationResponseError)) return undefined
  return standardCodes.has(error.error) ? error.error : undefined
}

/** Of a failed callback: as of discovery, or AppError `auth.oidc_failed`, whose detail names the standard code, if there is one. */
export function callbackFailure(error: unknown): AppError {
  const outage = outageOf(error)
  if (outage !== undefined) return outage
  const code = codeOf(error)
  const detail = code === undefined ? 'The provider’s answer can’t be accepted.' : `The provider answered “${code}”.`
  return new AppError('auth.oidc_failed', { detail, cause: error })
}
