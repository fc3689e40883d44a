// The embedded database for one test file: a real process on a directory of its own, and connections that are closed
// with it. The user's cache is shared, so that initdb runs once a machine and not once a file.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import {
  type EmbeddedDatabase,
  type EmbeddedDatabaseOptions,
  startEmbeddedDatabase,
} from '../../platform/embedded/embedded-database.ts'
import type { EmbeddedRole } from '../../platform/embedded/embedded-roles.ts'
import { captureLog } from './captured-log.ts'

export interface TestPostgres {
  readonly database: EmbeddedDatabase
  readonly directory: string
  /** An open connection of the `pg` driver; as application by default. */
  connect(role?: EmbeddedRole): Promise<Client>
  stop(): Promise<void>
}

export async function startTestPostgres(options: Partial<EmbeddedDatabaseOptions> = {}): Promise<TestPostgres> {
  const directory = await mkdtemp(join(tmpdir(), 'cdsa-pg-'))
  const database = await startEmbeddedDatabase({ directory, log: captureLog().log, ...options })
  const clients: Client[] = []
  return {
    database,
    directory,
    connect: async (role = 'cdsa_app') => {
      const client = new Client({
        connectionString: role === 'cdsa_app' ? database.applicationUrl : database.ownerUrl,
      })
      // A connection that the server ends emits an error outside of queries as well.
      client.on('error', () => undefined)
      clients.push(client)
      await client.connect()
      return client
    },
    stop: async () => {
      await Promise.all(clients.map((client) => client.end().catch(() => undefined)))
      await database.stop()
      await rm(directory, { recursive: true, force: true, maxRetries: 10 })
    },
  }
}
