// Opens Postgres through Sequelize, which stays inside db/: the rest of the code sees `Db` and plain objects.
// Transactions travel by AsyncLocalStorage, so no query inside `transaction()` can escape it (fatal on PGlite).
import { AsyncLocalStorage } from 'node:async_hooks'
import { registerTypes } from 'pgvector/sequelize'
import { type BindOrReplacements, QueryTypes, Sequelize, type Transaction } from 'sequelize'
import { AppError } from '../domain/errors.ts'
import { type Models, defineModels } from './models.ts'

type Store = Map<string, unknown>
const storage = new AsyncLocalStorage<Store>()

/** The part of a `cls-hooked` namespace that Sequelize calls, on top of AsyncLocalStorage. */
const namespace = {
  get: (key: string) => storage.getStore()?.get(key),
  set: (key: string, value: unknown) => {
    storage.getStore()?.set(key, value)
    return value
  },
  run: (work: (store: Store) => unknown) => {
    const store: Store = new Map(storage.getStore() ?? [])
    return storage.run(store, () => work(store))
  },
  bind: <A extends unknown[], R>(work: (...args: A) => R) => {
    const store = storage.getStore() ?? new Map()
    return (...args: A): R => storage.run(store, () => work(...args))
  },
}
Sequelize.useCLS(namespace)
// Makes vectors come back as arrays of numbers.
registerTypes(Sequelize)

const lastQueries = new WeakMap<object, Promise<unknown>>()

/** Queries of one transaction take turns: `pg` deprecates giving a connection a second one while it runs a first. */
function inTurn<T>(run: () => Promise<T>): Promise<T> {
  const transaction = namespace.get('transaction')
  if (typeof transaction !== 'object' || transaction === null) return run()
  const turn = (lastQueries.get(transaction) ?? Promise.resolve()).then(run, run)
  lastQueries.set(transaction, turn)
  return turn
}

/** A database, or a transaction on it: every function of db/ takes one as its first argument. */
export interface Db {
  readonly models: Models
  readonly sequelize: Sequelize
  /** Runs a SELECT (or anything with RETURNING) with `$1` parameters; rows come back as the SQL names them. */
  query<Row extends object>(sql: string, bind?: readonly unknown[]): Promise<Row[]>
  /** Runs a statement with `$1` parameters; resolves to the number of affected rows. */
  execute(sql: string, bind?: readonly unknown[]): Promise<number>
  /** Runs `work` in one transaction (joining the one that is open) and rolls back when it throws. */
  transaction<T>(work: (tx: Db) => Promise<T>): Promise<T>
  /** True inside of `transaction`. */
  isInTransaction(): boolean
  close(): Promise<void>
}

export interface OpenDatabaseOptions {
  readonly url: string
  /** At most this many connections; the embedded database serves one at a time anyway. */
  readonly poolSize?: number
}

/** Opens a pool lazily: nothing connects before the first query. */
export function openDatabase({ url, poolSize = 5 }: OpenDatabaseOptions): Db {
  const sequelize = new Sequelize(url, {
    ...socketOptions(url),
    dialect: 'postgres',
    logging: false,
    define: { underscored: true },
    pool: { max: poolSize, min: 0, acquire: 30_000 },
  })
  const models = defineModels(sequelize)
  const db: Db = {
    models,
    sequelize,
    query: <Row extends object>(sql: string, bind: readonly unknown[] = []) =>
      inTurn(() => sequelize.query<Row>(sql, { type: QueryTypes.SELECT, bind: bind as BindOrReplacements })),
    execute: async (sql, bind = []) => {
      const [, meta] = await inTurn(() => sequelize.query(sql, { bind: bind as BindOrReplacements }))
      return (meta as { rowCount?: number } | undefined)?.rowCount ?? 0
    },
    transaction: (work) => (db.isInTransaction() ? work(db) : sequelize.transaction(() => work(db))),
    isInTransaction: () => {
      const open = namespace.get('transaction') as (Transaction & { sequelize?: Sequelize }) | undefined
      return open?.sequelize === sequelize
    },
    close: () => sequelize.close(),
  }
  return db
}

/** `postgres://user@/name?host=/dir` names a Unix socket, which Sequelize's URL parser doesn't read. */
function socketOptions(url: string): { host?: string; port?: number } {
  const parsed = new URL(url)
  const host = parsed.searchParams.get('host')
  if (host === null) return {}
  return { host, port: Number(parsed.searchParams.get('port') ?? 5432) }
}

/** The first row, or `resource.not_found` with a sentence that names the kind of thing. */
export function firstOrNotFound<Row>(rows: readonly Row[], noun: string): Row {
  const [row] = rows
  if (row === undefined)
    throw new AppError('resource.not_found', { detail: `There is no such ${noun}, or you may not see it.` })
  return row
}
