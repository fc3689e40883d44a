// Who acts: what a request is judged by.
import type { Permission } from '../../domain/auth/permission.ts'

/** An account that acts in a session, or by a key that somebody gave to a program. */
export interface Actor {
  readonly userId: string
  readonly sessionId?: string | undefined
  readonly apiKeyId?: string | undefined
  readonly email: string
  readonly roles: readonly string[]
  readonly permissions: ReadonlySet<Permission>
}
