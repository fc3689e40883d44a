// The API with the routes of sign-in, and those that a test adds, on a real port and a database of its own.
import { Registry } from 'prom-client'
import { createDenials } from '../../api/audit/denials.ts'
import { createAuthenticate } from '../../api/auth/authenticate.ts'
import { jwksRoute } from '../../api/auth/jwks.ts'
import type { Route } from '../../api/http/route.ts'
import { startApi } from '../../api/main.ts'
import type { Db } from '../../db/database.ts'
import { seed } from '../../db/seed.ts'
import { routes } from '../../api/routes.ts'
import { parseConfig } from '../../platform/config.ts'
import type { Platform } from '../../platform/platform.ts'
import { type ApiClient, signIn } from './api-client.ts'
import { type TestDatabase, startTestDatabase } from './database.ts'
import { type SignInParts, makeUser, signInParts } from './sign-in-parts.ts'

const signInRoutes = routes.filter(({ tag }) => tag === 'auth' || tag === 'users')

export interface SignInServer {
  readonly url: string
  readonly parts: SignInParts
  readonly database: TestDatabase
  /** A client of a new account with these roles. */
  clientWith(...roles: string[]): Promise<ApiClient & { readonly userId: string; readonly email: string }>
  stop(): Promise<void>
}

export interface ServerOptions {
  /** Beside those of sign-in. */
  readonly routes?: readonly Route[]
  readonly environment?: Readonly<Record<string, string>>
  /** The parts of the platform that those routes need, on the server's own database. */
  readonly extend?: (db: Db, parts: SignInParts) => Promise<Partial<Platform>>
}

/** Takes seconds: raise the timeout of the hook that calls it. */
export async function startSignInServer(options: ServerOptions = {}): Promise<SignInServer> {
  const database = await startTestDatabase()
  const parts = signInParts(database.db)
  await seed(database.owner, { admin: {}, passwords: parts.passwords })
  const config = parseConfig({ PORT: '0', NODE_ENV: 'test', ...options.environment })
  // Everything that these routes use is real; the rest of the platform isn't there.
  const platform = {
    ...parts,
    config,
    metrics: new Registry(),
    ...(await options.extend?.(database.db, parts)),
  } as unknown as Platform
  const denials = createDenials(platform)
  const { url, close } = await startApi(platform, {
    routes: [...signInRoutes, ...(options.routes ?? [])],
    rootRoutes: [jwksRoute],
    authenticate: createAuthenticate(platform),
    denials,
  })
  return {
    url,
    parts,
    database,
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
