// The provider has sent a browser back: who is it, which account is theirs, and a session for it. There is no step of ours
// for a second factor here: how somebody proves who they are is the provider’s to decide.
import { findUnprovenAccount, type Resolution, resolveIdentity } from '../../db/auth/identities.ts'
import { newId } from '../../db/ids.ts'
import { displayNameFrom, verifiedEmail } from '../../domain/auth/oidc.ts'
import { AppError } from '../../domain/errors.ts'
import type { OidcAnswer, OidcClaims } from '../../platform/oidc/oidc.ts'
import type { PublicContext } from '../../platform/platform.ts'
import { type AuditedChange, audited } from '../audit/audited.ts'
import { type Begun, beginSession } from './begin-session.ts'
import { readFlow } from './oidc-flow.ts'
import { requireOidc } from './require-oidc.ts'

export interface FinishedOidc {
  readonly begun: Begun
  /** A path of this origin. */
  readonly returnTo: string
}

/**
 * Throws `auth.oidc_failed`, `auth.oidc_unverified`, `auth.oidc_refused` (disabled), `auth.oidc_other_identity`,
 * `auth.registration_closed`; and `auth.oidc_not_configured`, `auth.oidc_unavailable`, `service.unavailable`.
 */
export async function finishOidc(context: PublicContext, answer: OidcAnswer): Promise<FinishedOidc> {
  const oidc = requireOidc(context)
  const flow = readFlow(context)
  if (flow === undefined) {
    throw new AppError('auth.oidc_failed', {
      detail: 'This sign-in was begun in another browser, or too long ago: begin it again.',
    })
  }
  const { userId } = await accountOf(context, await oidc.finish(answer, flow))
  const refusal = new AppError('auth.oidc_refused')
  return { begun: await beginSession(context, { userId, method: 'oidc', refusal }), returnTo: flow.returnTo }
}

async function accountOf(context: PublicContext, claims: OidcClaims): Promise<Resolution> {
  const { db, actors, config } = context
  const { issuer, subject, name } = claims
  const email = verifiedEmail(claims.email, claims.emailVerified)
  const displayName = displayNameFrom(name, email)
  const registering = { newUserId: newId(), isOpen: config.auth.registration === 'open' }
  const resolve = (): Promise<Resolution> =>
    audited(
      context,
      (tx) => resolveIdentity(tx, { issuer, subject, email, displayName }, registering),
      (resolution) => changeOf(resolution, { issuer, email, displayName }),
    )
  // Whoever holds a session of the account now may hold none afterwards.
  const unproven = email === undefined ? undefined : await findUnprovenAccount(db, email)
  return unproven === undefined ? await resolve() : await actors.changing({ userIds: [unproven] }, resolve)
}

interface Person extends Pick<OidcClaims, 'issuer' | 'email'> {
  readonly displayName: string
}

function changeOf(
  { userId, outcome, taken }: Resolution,
  { issuer, email, displayName }: Person,
): AuditedChange | undefined {
  if (outcome === 'known') return undefined
  const common = { actor: { type: 'user', id: userId }, resource: { type: 'user', id: userId } } as const
  if (outcome === 'made') {
    return { ...common, action: 'user.create', details: { method: 'oidc', issuer }, personal: { email, displayName } }
  }
  return { ...common, action: 'identity.create', details: { issuer, reclaimed: outcome === 'reclaimed', ...taken } }
}
