// Real Postgres and Valkey for the benchmarks, from the Debian root that the tests use, with the durability that the
// servers have by default: Postgres waits for the disk.
import { makeDebianRoot } from '../test/support/debian-root.ts'
import { startPostgres } from '../test/support/postgres.ts'
import { startRedis } from '../test/support/redis.ts'
import type { BenchmarkContext } from './benchmark.ts'

type Environment = Readonly<Record<string, string>>

export async function startBenchPostgres({ defer, progress }: BenchmarkContext): Promise<Environment> {
  progress('starting Postgres')
  const postgres = await startPostgres({ root: await makeDebianRoot(), settings: {} })
  defer(() => postgres.stop())
  return { DATABASE_URL: postgres.applicationUrl, DATABASE_OWNER_URL: postgres.ownerUrl }
}

export async function startBenchRedis({ defer, progress }: BenchmarkContext): Promise<{ readonly REDIS_URL: string }> {
  progress('starting Valkey')
  const redis = await startRedis({ root: await makeDebianRoot() })
  defer(() => redis.stop())
  return { REDIS_URL: redis.url }
}
