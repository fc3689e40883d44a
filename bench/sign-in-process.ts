// The server of sign-in.ts: the API’s own kernel with a route that does nothing, once for everybody and once for whoever is
// signed in. It remembers who asks in its memory, or in the Redis that its argument names.
import { z } from 'zod'
import { defineRoute } from '../api/http/route.ts'
import { createActors } from '../platform/auth/actors.ts'
import { createRedisActorCache } from '../platform/auth/redis-actor-cache.ts'
import { SecretValue } from '../platform/secret-value.ts'
import { openRedisConnection } from '../platform/stream/redis-connection.ts'
import { signInParts } from '../test/support/sign-in-parts.ts'
import { startSignInServer } from '../test/support/sign-in-server.ts'

export interface SignInServed {
  readonly url: string
  /** Of an account with the role of users. */
  readonly token: string
  readonly key: string
}

const nothing = {
  method: 'get',
  tag: 'bench',
  summary: 'Does nothing',
  responses: { 200: z.object({ ok: z.literal(true) }) },
  handle: async () => ({ status: 200, body: { ok: true } }) as const,
} as const
const routes = [
  defineRoute({ ...nothing, path: '/noop/public', access: 'public' }),
  defineRoute({ ...nothing, path: '/noop/signed-in', access: 'signed-in' }),
]

const [redisUrl] = process.argv.slice(2)

const server = await startSignInServer({
  routes,
  environment: { LOG_LEVEL: 'silent', NODE_ENV: 'production' },
  extend: async (db) => {
    if (redisUrl === undefined) return {}
    const { bus, log } = signInParts(db)
    const redis = openRedisConnection({ url: new SecretValue(redisUrl), role: 'command', log })
    return { actors: createActors({ db, bus, log, cache: createRedisActorCache({ redis, log }) }) }
  },
})
const client = await server.clientWith('user')
const made = await client.post('/auth/api-keys', { name: 'Bench', scopes: ['chat:read'] })
const served: SignInServed = { url: server.url, token: client.token ?? '', key: made.body['key'] as string }
process.send?.(served)
process.once('disconnect', () => void server.stop().finally(() => process.exit(0)))
