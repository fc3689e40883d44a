// A link that sets a password, before it is stored: its id, and a hash of the token that is derived from it.
import type { NewLink } from '../../db/auth/password-links.ts'
import { newId } from '../../db/ids.ts'
import { hashOfLinkToken, tokenOfLink } from '../../platform/auth/password-links.ts'
import type { PlatformKeys } from '../../platform/keys.ts'

export function newLink(keys: Pick<PlatformKeys, 'derive' | 'currentId'>): NewLink {
  const link = { id: newId(), platformKeyId: keys.currentId }
  return { ...link, tokenHash: hashOfLinkToken(tokenOfLink(keys, link)) }
}
