// How the audit log names the account that somebody has typed the address of. What was typed may be anything, also a password:
// the log gets an account's id, or else a keyed hash.
import { createHmac } from 'node:crypto'
import type { AuditAttempt } from '../../domain/audit/event.ts'
import type { PlatformKeys } from '../../platform/keys.ts'

export interface NamedAccount {
  readonly email: string
  /** Undefined where nobody has that address. */
  readonly userId: string | undefined
}

/** The hash is made in any case, so that the work is the same. */
export function namedAccount(
  keys: Pick<PlatformKeys, 'derive' | 'currentId'>,
  { email, userId }: NamedAccount,
): Pick<AuditAttempt, 'resource' | 'details' | 'subjectId'> {
  const loginHmac = createHmac('sha256', keys.derive('audit-login')).update(email).digest('base64url')
  return {
    resource: { type: 'user', id: userId },
    ...(userId === undefined ? { details: { loginHmac, keyId: keys.currentId } } : {}),
    subjectId: userId,
  }
}
