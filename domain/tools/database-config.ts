// The databases that `query_database` may ask, as an administrator stores them. Where each is stands beside its DSN, because
// a secret is opened only for a destination that is known before.
import { z } from 'zod'
import { port, secretReference, server } from '../vault/target-server.ts'

const databaseSchema = z.strictObject({
  ...server,
  port: port.default(5_432),
  /** `postgres://user:password@host:port/database`, of the same host and port. */
  dsn: secretReference,
})
export type DatabaseConfig = z.infer<typeof databaseSchema>

export const queryDatabaseConfigSchema = z.strictObject({
  databases: z
    .record(z.string().regex(/^[A-Za-z0-9_-]{1,60}$/, 'is a name of letters, digits, _ and -'), databaseSchema)
    .refine((databases) => Object.keys(databases).length <= 50, 'has at most 50 databases')
    .default({}),
})

/** What a secret must list to be opened for this database. */
export const destinationOf = ({ host, port: number }: DatabaseConfig): string =>
  `postgres://${host.includes(':') ? `[${host}]` : host}:${number}`
