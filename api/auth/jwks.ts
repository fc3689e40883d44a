// The public halves of the signing keys (RFC 7517), for services that check access tokens by themselves. Such a service
// sees a signature and a token's short validity; that a session was ended meanwhile only this API sees.
import { z } from 'zod'
import { type Route, defineRoute } from '../http/route.ts'

const jwksSchema = z
  .object({
    keys: z.array(
      z.object({
        kid: z.string().describe('RFC 7638 thumbprint'),
        use: z.literal('sig'),
        alg: z.literal('ES256'),
        kty: z.literal('EC'),
        crv: z.literal('P-256'),
        x: z.string(),
        y: z.string(),
      }),
    ),
  })
  .meta({ id: 'JsonWebKeySet' })

/** Served at the root, not below `/api/v1`. */
export const jwksRoute: Route = defineRoute({
  method: 'get',
  path: '/.well-known/jwks.json',
  tag: 'auth',
  summary: 'Public keys of the access tokens',
  access: 'public',
  responses: { 200: jwksSchema },
  handle: async ({ signingKeys, config: { tokenTimes } }) => ({
    status: 200,
    body: await signingKeys.jwks(),
    // A new key is published at least so long before it signs.
    headers: { 'cache-control': `public, max-age=${tokenTimes.jwksMaxAgeSeconds}` },
  }),
})
