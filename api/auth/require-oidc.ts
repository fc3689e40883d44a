// The provider of sign-in, where there is one. It is no fault of ours that there is none, so the answer is 404.
import { AppError } from '../../domain/errors.ts'
import type { Oidc } from '../../platform/oidc/oidc.ts'
import type { Platform } from '../../platform/platform.ts'

/** Throws `auth.oidc_not_configured`. */
export function requireOidc({ oidc }: Pick<Platform, 'oidc'>): Oidc {
  if (oidc !== undefined) return oidc
  throw new AppError('auth.oidc_not_configured', {
    detail: 'An administrator sets it up by OIDC_ISSUER and OIDC_CLIENT_ID.',
  })
}
