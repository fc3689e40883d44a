// The API with the routes of sign-in alone, on a real port and a database of its own.
import { Registry } from 'prom-client'
import { createDenials } from '../../api/audit/denials.ts'
import { createAuthenticate } from '../../api/auth/authenticate.ts'
import { jwksRoute } from '../../api/auth/jwks.ts'
import { routes } from '../../api/auth/routes.ts'
import { startApi } from '../../api/main.ts'
import { seed } from '../../db/seed.ts'
import { parseConfig } from '../../platform/config.ts'
import type { Platform } from '../../platform/platform.ts'
import { type ApiClient, signIn } from './api-client.ts'
import { startTestDatabase } from './database.ts'
import { type SignInParts, makeUser, signInParts } from './sign-in-parts.ts'

export interface SignInServer {
  readonly url: string
  readonly parts: SignInParts
  /** A client of a new account with these roles. */
  clientWith(...roles: string[]): Promise<ApiClient & { readonly userId: string; readonly email: string }>
  stop(): Promise<void>
}

/** Takes seconds: raise the timeout of the hook that calls it. */
export async function startSignInServer(): Promise<SignInServer> {
  const database = await startTestDatabase()
  const parts = signInParts(database.db)
  await seed(database.owner, { admin: {}, passwords: parts.passwords })
  const config = parseConfig({ PORT: '0', NODE_ENV: 'test' })
  // Everything that these routes use is real; the rest of the platform isn't there.
  const platform = { ...parts, config, metrics: new Registry() } as unknown as Platform
  const denials = createDenials(platform)
  const { url, close } = await startApi(platform, {
    routes,
    rootRoutes: [jwksRoute],
    authenticate: createAuthenticate(platform),
    denials,
  })
  return {
    url,
    parts,
    clientWith: async (...roles) => {
      const password = 'correct horse battery'
      const { email, id } = await makeUser(parts, { roles, password })
      return { ...(await signIn(url, { email, password })), userId: id, email }
    },
    stop: async () => {
      await close()
      await denials.settle()
      await database.stop()
    },
  }
}
