// A migrated database on real Postgres for benchmarks of the platform's functions, without a platform around them.
import { type Db, openDatabase } from '../db/database.ts'
import { migrate } from '../db/migrate.ts'
import { onServer, withDatabase } from '../test/support/platform-database.ts'
import type { BenchmarkContext } from './benchmark.ts'
import { startBenchPostgres } from './services.ts'

const name = 'bench'

export interface BenchDatabase {
  /** As the application connects. */
  readonly db: Db
  /** As the tables' owner connects. */
  readonly owner: Db
}

export async function openBenchDatabase(
  context: BenchmarkContext,
  { poolSize }: { readonly poolSize: number },
): Promise<BenchDatabase> {
  const { DATABASE_URL: url = '', DATABASE_OWNER_URL: ownerUrl = '' } = await startBenchPostgres(context)
  await onServer(ownerUrl, (server) => server.execute(`create database ${name}`))
  const owner = openDatabase({ url: withDatabase(ownerUrl, name) })
  const db = openDatabase({ url: withDatabase(url, name), poolSize })
  context.defer(() => Promise.all([owner.close(), db.close()]))
  await migrate(owner, decodeURIComponent(new URL(url).username))
  return { db, owner }
}
