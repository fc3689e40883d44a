// `query_database`: one reading query on a database that an administrator named. It runs in a read-only transaction, by a
// cursor of which so many rows are taken, over a connection that is cut when it brings too many bytes.
import { z } from 'zod'
import { type DatabaseConfig, destinationOf, queryDatabaseConfigSchema } from '../../domain/tools/database-config.ts'
import { AppError } from '../../domain/errors.ts'
import type { Egress } from '../egress/guarded-fetch.ts'
import type { Connect } from '../rotators/rotator.ts'
import { withPostgres } from '../rotators/postgres-session.ts'
import { type DatabaseLogin, parseDsn, requireUnprivileged } from './database-login.ts'
import { toQueryFailure } from './query-failure.ts'
import { type QueryInput, type QueryResult, runQuery } from './run-query.ts'
import { type BuiltinTool, badArgument, defineBuiltinTool, type ToolCallContext } from './tool-runner.ts'

export interface QueryLimits {
  readonly statementMs: number
  readonly rows: number
  /** Of the result as JSON. */
  readonly resultBytes: number
  /** Over the connection, so that no single value fills the memory. */
  readonly wireBytes: number
}

const defaultLimits: QueryLimits = {
  statementMs: 10_000,
  rows: 500,
  resultBytes: 256 * 1024,
  wireBytes: 16 * 1024 * 1024,
}
/** The server ends a statement first; this is for one that doesn't. */
const afterStatementMs = 2_000
const meterEveryMs = 10

const input = z.strictObject({
  database: z.string().max(60).describe('The name of a registered database.'),
  sql: z
    .string()
    .min(1)
    .max(20_000)
    .describe('One SELECT, VALUES, TABLE or WITH query of Postgres; $1, $2, … stand for parameters.'),
  parameters: z
    .array(z.union([z.string().max(100_000), z.number(), z.boolean(), z.null()]))
    .max(100)
    .optional(),
})

function findDatabase(name: string, call: ToolCallContext): DatabaseConfig {
  const config = queryDatabaseConfigSchema.safeParse(call.config)
  if (!config.success) throw new AppError('tool.failed', { detail: 'The tool’s stored configuration isn’t valid.' })
  const { databases } = config.data
  const database = Object.hasOwn(databases, name) ? databases[name] : undefined
  if (database === undefined)
    throw badArgument(
      'database',
      `must be one of ${JSON.stringify(Object.keys(databases))}, which an administrator registers`,
    )
  return database
}

async function openLogin(database: DatabaseConfig, call: ToolCallContext): Promise<DatabaseLogin> {
  const secret = await call.resolveSecret(database.dsn, destinationOf(database))
  try {
    return parseDsn(secret.reveal(), database)
  } finally {
    secret.zero()
  }
}

/** A connection that is cut when it has brought more than `maxBytes`. Call `end` on every path. */
function metered(egress: Pick<Egress, 'connect'>, maxBytes: number) {
  let timer: NodeJS.Timeout | undefined
  let isOver = false
  const connect: Connect = async (target) => {
    const socket = await egress.connect(target)
    // Counted below TLS, which pg puts over the socket itself.
    timer = setInterval(() => {
      isOver = socket.bytesRead > maxBytes
      if (isOver) socket.destroy()
    }, meterEveryMs)
    return socket
  }
  return { connect, isOver: () => isOver, end: () => clearInterval(timer) }
}

interface Query {
  readonly egress: Pick<Egress, 'connect'>
  readonly limits: QueryLimits
  readonly database: DatabaseConfig
  readonly login: DatabaseLogin
  readonly query: QueryInput
  readonly signal: AbortSignal
}

async function ask({ egress, limits, database, login, query, signal }: Query): Promise<QueryResult> {
  const meter = metered(egress, limits.wireBytes)
  const server = { config: { ...database, database: login.database }, connect: meter.connect, signal }
  const session = { login, applicationName: 'cdsa-tool', queryTimeoutMs: limits.statementMs + afterStatementMs }
  try {
    return await withPostgres(server, session, async (client) => {
      await requireUnprivileged(client)
      return runQuery(client, query, { ...limits, secrets: [login.password] })
    })
  } catch (error) {
    signal.throwIfAborted()
    if (meter.isOver())
      throw new AppError('tool.failed', { detail: 'The query’s result is too large. Select fewer or shorter values.' })
    throw toQueryFailure(error, limits)
  } finally {
    meter.end()
  }
}

/** Answers {columns, rows, rowCount, truncated}; the tool's configuration is a QueryDatabaseConfig. */
export const createQueryDatabase = (dependencies: {
  readonly egress: Pick<Egress, 'connect'>
  readonly limits?: Partial<QueryLimits>
}): BuiltinTool =>
  defineBuiltinTool({
    name: 'query_database',
    description:
      'Runs one reading SQL query on a registered Postgres database. Answers the columns’ names and the rows as arrays; numbers beyond 2^53, decimals and times come as text.',
    sideEffects: false,
    requiresApproval: true,
    cacheTtlSeconds: 0,
    input,
    run: async ({ database: name, sql, parameters = [] }, call) => {
      const database = findDatabase(name, call)
      const login = await openLogin(database, call)
      const limits = { ...defaultLimits, ...dependencies.limits }
      return ask({ ...dependencies, limits, database, login, query: { sql, parameters }, signal: call.signal })
    },
  })
