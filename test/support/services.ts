// Real services for a whole run of tests: those that the environment names, else Postgres and Valkey from a Debian root.
// Tests and the platforms that they start find them by the same variables as in production.
import { findDebianRoot, makeDebianRoot } from './debian-root.ts'
import { startPostgres } from './postgres.ts'
import { startRedis } from './redis.ts'

const variables = ['DATABASE_URL', 'DATABASE_OWNER_URL', 'REDIS_URL'] as const

/** Known when the test files are loaded, which is before the services are started. */
process.env['TEST_ON_SERVICES'] = 'yes'

const started: { stop(): Promise<void> }[] = []

/** Throws when some of the variables are given and others aren't. */
function givenServices(): boolean {
  const missing = variables.filter((variable) => (process.env[variable] ?? '') === '')
  if (missing.length === 0) return true
  if (missing.length === variables.length) return false
  throw new Error(`Tests on services of yours need all of ${variables.join(', ')}: ${missing.join(', ')} isn’t set.`)
}

export async function mochaGlobalSetup(): Promise<void> {
  if (givenServices()) return
  if ((await findDebianRoot()) === undefined) {
    process.stdout.write('Making a Debian root with Postgres and Valkey, once: about a minute.\n')
  }
  const root = await makeDebianRoot()
  const postgres = await startPostgres({ root })
  started.push(postgres)
  const redis = await startRedis({ root })
  started.push(redis)
  process.env['DATABASE_URL'] = postgres.applicationUrl
  process.env['DATABASE_OWNER_URL'] = postgres.ownerUrl
  process.env['REDIS_URL'] = redis.url
}

export async function mochaGlobalTeardown(): Promise<void> {
  for (const service of started.splice(0).toReversed()) await service.stop()
}
