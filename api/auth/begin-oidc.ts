// Sends a browser to the OpenID Connect provider, with what it must bring back.
import type { PublicContext } from '../../platform/platform.ts'
import { issueFlowCookie } from './oidc-flow.ts'
import { requireOidc } from './require-oidc.ts'

export interface BegunOidc {
  /** Of the provider’s page. */
  readonly location: string
  /** A `Set-Cookie` header. */
  readonly cookie: string
}

/** Throws `auth.oidc_not_configured`, `auth.oidc_unavailable`, `service.unavailable`. */
export async function beginOidc(context: Pick<PublicContext, 'oidc' | 'keys'>, returnTo: string): Promise<BegunOidc> {
  const { url, checks } = await requireOidc(context).begin()
  return { location: url, cookie: issueFlowCookie(context, { ...checks, returnTo }) }
}
