// A migrated, empty database for one test file alone: a new one on the server of DATABASE_URL where that is set, else
// the embedded one, which starts once a test process and is emptied for each file, because a start takes seconds.
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Db, openDatabase } from '../../db/database.ts'
import { migrate } from '../../db/migrate.ts'
import { startEmbeddedDatabase } from '../../platform/embedded/embedded-database.ts'
import { createLogger } from '../../platform/logger.ts'
import { dropDatabase, onServer, withDatabase } from './platform-database.ts'

export interface TestDatabase {
  /** As the application connects. */
  readonly db: Db
  /** As the tables' owner connects. */
  readonly owner: Db
  /** Another pool of the application, or of the owner, as a second instance has one. */
  open(role?: 'application' | 'owner'): Db
  stop(): Promise<void>
}

interface Server {
  readonly ownerUrl: string
  readonly applicationUrl: string
  /** Ends what is this file's own. */
  release(): Promise<void>
}

interface SharedServer extends Omit<Server, 'release'> {
  stop(): Promise<void>
}

let shared: Promise<SharedServer> | undefined

async function startEmbedded(): Promise<SharedServer> {
  const directory = await mkdtemp(join(tmpdir(), 'cdsa-database-'))
  const clean = () => rm(directory, { recursive: true, force: true, maxRetries: 10 })
  try {
    const embedded = await startEmbeddedDatabase({ directory, log: createLogger({ level: 'silent' }) })
    const { ownerUrl, applicationUrl } = embedded
    const stop = async (): Promise<void> => {
      await embedded.stop()
      await clean()
    }
    return { ownerUrl, applicationUrl, stop }
  } catch (error) {
    await clean()
    throw error
  }
}

async function useEmbedded(): Promise<Server> {
  shared ??= startEmbedded()
  return { ...(await shared), release: async () => undefined }
}

/** Ends the embedded database, if a test has started it. */
export async function stopEmbeddedTestDatabase(): Promise<void> {
  const server = await shared?.catch(() => undefined)
  shared = undefined
  await server?.stop()
}

/**
 * Empties all tables of the migrations; tables that a test made itself stay. The triggers of the audit log refuse that to
 * its owner too, who alone can switch them off, for this transaction.
 */
async function empty(owner: Db): Promise<void> {
  await owner.transaction(async (tx) => {
    const tables = await tx.query<{ name: string; guarded: boolean }>(
      `select format('%I', tablename) as name,
         exists (select from pg_trigger where tgrelid = format('%I', tablename)::regclass and tgname like '%append_only') as guarded
       from pg_tables where schemaname = 'public' and tableowner = current_user and tablename <> 'schema_migrations'`,
    )
    const guarded = tables.filter((table) => table.guarded)
    for (const { name } of guarded) await tx.execute(`alter table only ${name} disable trigger user`)
    await tx.execute(`truncate ${tables.map(({ name }) => name).join(', ')} cascade`)
    for (const { name } of guarded) await tx.execute(`alter table only ${name} enable trigger user`)
  })
}

/** The owner must be a role that may create databases. */
async function createOnServer(environment: { applicationUrl: string; ownerUrl: string }): Promise<Server> {
  const { applicationUrl, ownerUrl } = environment
  const name = `cdsa_test_${randomBytes(6).toString('hex')}`
  await onServer(ownerUrl, (server) => server.execute(`create database ${name}`))
  return {
    ownerUrl: withDatabase(ownerUrl, name),
    applicationUrl: withDatabase(applicationUrl, name),
    release: () => dropDatabase(ownerUrl, name),
  }
}

/** The first one takes seconds: raise the timeout of the hook that calls it. */
export async function startTestDatabase(): Promise<TestDatabase> {
  const { DATABASE_URL: applicationUrl, DATABASE_OWNER_URL: ownerUrl = applicationUrl } = process.env
  const isGiven = applicationUrl !== undefined && ownerUrl !== undefined
  const server = await (isGiven ? createOnServer({ applicationUrl, ownerUrl }) : useEmbedded())
  const pools: Db[] = []
  const openPool = (url: string): Db => {
    const db = openDatabase({ url })
    pools.push(db)
    return db
  }
  const owner = openPool(server.ownerUrl)
  const roleOf = (url: string): string => decodeURIComponent(new URL(url).username)
  const [ownerRole, applicationRole] = [roleOf(server.ownerUrl), roleOf(server.applicationUrl)]
  await migrate(owner, applicationRole === ownerRole ? undefined : applicationRole)
  await empty(owner)
  return {
    db: openPool(server.applicationUrl),
    owner,
    open: (role = 'application') => openPool(role === 'owner' ? server.ownerUrl : server.applicationUrl),
    stop: async () => {
      await Promise.all(pools.map((pool) => pool.close()))
      await server.release()
    },
  }
}
