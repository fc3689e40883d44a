// The parts of the platform that sign-in needs, on a real database, with bcrypt at its lowest cost.
import { randomBytes, randomUUID } from 'node:crypto'
import { createUser } from '../../db/auth/users.ts'
import type { Db } from '../../db/database.ts'
import { newId } from '../../db/ids.ts'
import type { User } from '../../domain/auth/user.ts'
import { createAccessTokens } from '../../platform/access-tokens.ts'
import { createLocalActorCache } from '../../platform/auth/actor-cache.ts'
import { createActors } from '../../platform/auth/actors.ts'
import { createOneTimeCodes } from '../../platform/auth/one-time-codes.ts'
import { parseConfig } from '../../platform/config.ts'
import { type PlatformKeys, createPlatformKeys } from '../../platform/keys.ts'
import { createPasswords } from '../../platform/passwords.ts'
import type { RequestLimits } from '../../platform/platform.ts'
import { createRateLimits } from '../../platform/rate-limits.ts'
import { createRefreshTokens } from '../../platform/refresh-tokens.ts'
import { createSigningKeys } from '../../platform/signing-keys.ts'
import { createLocalBus } from '../../platform/stream/local-bus.ts'
import { createEagerStarts } from '../../platform/temporal/eager-starts.ts'
import { captureLog } from './captured-log.ts'

export type SignInParts = ReturnType<typeof signInParts>

export const newPlatformKeys = (): PlatformKeys => createPlatformKeys([{ id: '1', key: randomBytes(32) }])

/** A caller whom nothing is counted against. */
export const unlimited: RequestLimits = { consume: async () => undefined, giveBack: async () => undefined }

export function signInParts(db: Db, { keys = newPlatformKeys(), cost = 4 } = {}) {
  const signingKeys = createSigningKeys({ db, keys })
  const { log, lines } = captureLog()
  const bus = createLocalBus({ log })
  return {
    db,
    keys,
    log,
    lines,
    bus,
    eagerStarts: createEagerStarts(),
    config: parseConfig({ NODE_ENV: 'test' }),
    actors: createActors({ db, bus, log, cache: createLocalActorCache() }),
    refreshTokens: createRefreshTokens(keys),
    rateLimits: createRateLimits({ redis: undefined, keys, factor: 10_000 }),
    limits: unlimited,
    cookie: (_name: string): string | undefined => undefined,
    signingKeys,
    passwords: createPasswords({ keys, cost }),
    oneTimeCodes: createOneTimeCodes({ keys }),
    accessTokens: createAccessTokens(signingKeys),
    ip: '127.0.0.1',
    userAgent: 'tests',
    requestId: 'test',
  }
}

export const uniqueEmail = (): string => `user-${randomUUID()}@example.org`

/** An account of its own for a test; `password` is the one that it signs in with. */
export async function makeUser(
  { db, passwords }: Pick<SignInParts, 'db' | 'passwords'>,
  { roles = ['user'], password = 'correct horse battery' }: { roles?: readonly string[]; password?: string } = {},
): Promise<User> {
  const hashed = await passwords.hash(password)
  const { user } = await createUser(db, {
    id: newId(),
    email: uniqueEmail(),
    displayName: 'Test User',
    password: hashed,
    roles,
  })
  return user
}

/** How many statements `work` sends through this connection pool. */
export async function countQueries(db: Db, work: () => Promise<unknown>): Promise<number> {
  let count = 0
  const { options } = db.sequelize as unknown as { options: { logging: unknown } }
  options.logging = () => {
    count += 1
  }
  try {
    await work()
    return count
  } finally {
    options.logging = false
  }
}
