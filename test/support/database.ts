// A migrated database for one test file alone: a new one on the server of DATABASE_URL where that is set, else the
// embedded one in a directory of its own. Tests that change what others see (roles, keys) need no other care then.
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Db, openDatabase } from '../../db/database.ts'
import { migrate } from '../../db/migrate.ts'
import { startEmbeddedDatabase } from '../../platform/embedded/embedded-database.ts'
import { createLogger } from '../../platform/logger.ts'

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
  stop(): Promise<void>
}

async function startEmbedded(): Promise<Server> {
  const directory = await mkdtemp(join(tmpdir(), 'cdsa-database-'))
  const clean = () => rm(directory, { recursive: true, force: true })
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

/** Needs a role that may create databases. */
async function createOnServer(serverUrl: string): Promise<Server> {
  const server = openDatabase({ url: serverUrl, poolSize: 1 })
  const name = `cdsa_test_${randomBytes(6).toString('hex')}`
  await server.execute(`create database ${name}`)
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return {
    ownerUrl: url.href,
    applicationUrl: url.href,
    stop: async () => {
      await server.execute(`drop database ${name} with (force)`)
      await server.close()
    },
  }
}

/** Takes seconds: raise the timeout of the hook that calls it. */
export async function startTestDatabase(): Promise<TestDatabase> {
  const given = process.env['DATABASE_OWNER_URL'] ?? process.env['DATABASE_URL']
  const server = await (given === undefined ? startEmbedded() : createOnServer(given))
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
  return {
    db: openPool(server.applicationUrl),
    owner,
    open: (role = 'application') => openPool(role === 'owner' ? server.ownerUrl : server.applicationUrl),
    stop: async () => {
      await Promise.all(pools.map((pool) => pool.close()))
      await server.stop()
    },
  }
}
