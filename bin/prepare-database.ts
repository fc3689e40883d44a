// Brings a database to where the application can use it: migrations, seeds, and the table of the embedding model.
import { type Db, openDatabase } from '../db/database.ts'
import { findActiveEmbeddingModel, recordEmbeddingModel } from '../db/documents/embedding-models.ts'
import { grantApplicationRole, migrate } from '../db/migrate.ts'
import { seed } from '../db/seed.ts'
import { seedTools } from '../db/tools/seed-tools.ts'
import type { Config } from '../platform/config.ts'
import { createEgress } from '../platform/egress/guarded-fetch.ts'
import { loadPlatformKeys } from '../platform/keys.ts'
import { createEmbeddings } from '../platform/llm/embeddings.ts'
import type { Logger } from '../platform/logger.ts'
import { createPasswords } from '../platform/passwords.ts'
import { createBuiltinTools } from '../platform/tools/builtin-tools.ts'
import { explainDatabaseFailure } from './explain-database-failure.ts'

export interface PrepareOptions {
  /** The tables' owner; migrations run as it. */
  readonly ownerUrl: string
  /** What the application will connect as; it is granted what it needs when it is another role. */
  readonly applicationUrl: string
  /** True for PGlite, which gets no HNSW index. */
  readonly embedded: boolean
  readonly log: Logger
}

export interface PreparedDatabase {
  /** The names of the migrations that this call ran. */
  readonly ran: readonly string[]
  /** The administrator that this call made, with the password: it is told this once. */
  readonly administrator?: { readonly email: string; readonly password: string }
}

/** Safe to run by many instances at once. Throws when the database can't be reached, or is newer than this code. */
export async function prepareDatabase(config: Config, options: PrepareOptions): Promise<PreparedDatabase> {
  const db = openDatabase({ url: options.ownerUrl, poolSize: 1 })
  const role = new URL(options.applicationUrl).username
  const applicationRole = role === new URL(options.ownerUrl).username ? undefined : decodeURIComponent(role)
  try {
    const ran = await migrate(db, applicationRole)
    const keys = await loadPlatformKeys({ config, log: options.log })
    const passwords = createPasswords({ keys, cost: config.bcryptCost })
    const seeded = await seed(db, { admin: config.admin, passwords })
    await seedTools(db, builtinDefinitions(config, { db, log: options.log }))
    await recordModel(db, config, { embedded: options.embedded, applicationRole })
    return { ran, ...seeded }
  } catch (error) {
    throw explainDatabaseFailure(error, options.ownerUrl)
  } finally {
    await db.close()
  }
}

/** What they are made from is only used when they run. */
function builtinDefinitions(config: Config, { db, log }: { readonly db: Db; readonly log: Logger }) {
  const egress = createEgress({ allow: [], ownPorts: [], log })
  const tools = createBuiltinTools({ config, db, egress, embeddings: createEmbeddings(config) })
  return tools.map(({ definition }) => definition)
}

/** Only the first start records a model: asking its provider for the dimensions is left out afterwards. */
async function recordModel(
  db: Db,
  config: Config,
  { embedded, applicationRole }: { readonly embedded: boolean; readonly applicationRole: string | undefined },
): Promise<void> {
  if ((await findActiveEmbeddingModel(db)) !== undefined) return
  const embeddings = createEmbeddings(config)
  const { name, dimensions } = await embeddings.resolve(embeddings.configured)
  await recordEmbeddingModel(db, { name, dimensions, embedded })
  if (applicationRole !== undefined) await grantApplicationRole(db, applicationRole)
}
