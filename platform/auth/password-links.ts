// Tokens of links that set a password. One is derived from its link's id, so that whoever mails it needs the id alone: no
// queue and no history of a workflow holds a token, and the row a hash of it.
import { createHash, createHmac } from 'node:crypto'
import type { PlatformKeys } from '../keys.ts'

export interface PasswordLink {
  readonly id: string
  /** Of the platform key that its token is derived with. */
  readonly platformKeyId: string
}

/** Throws `internal` when the platform key isn’t there any more. */
export const tokenOfLink = (keys: Pick<PlatformKeys, 'derive'>, { id, platformKeyId }: PasswordLink): string =>
  createHmac('sha256', keys.derive('password-link', platformKeyId)).update(id).digest('base64url')

/** As the row keeps it. */
export const hashOfLinkToken = (token: string): Buffer => createHash('sha256').update(token).digest()
