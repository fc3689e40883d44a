// The public halves of the signing keys (RFC 7517), for services that check access tokens by themselves. Such a service
// sees a signature and ten minutes of validity, and can't see that a session was ended meanwhile.
import type { Platform } from '../../platform/platform.ts'
import type { JsonWebKey } from '../../platform/signing-keys.ts'

/** Seconds that a client may keep the answer: a new key is published this long before it signs. */
export const jwksMaxAgeSeconds = 300

/** The body of `GET /.well-known/jwks.json`. */
export async function jwks({ signingKeys }: Pick<Platform, 'signingKeys'>): Promise<{ keys: JsonWebKey[] }> {
  return await signingKeys.jwks()
}
