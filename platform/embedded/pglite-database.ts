// Opens PGlite on a cluster and passes wire messages to it. Its files are written through to the operating system but
// never forced to the disk: what was acknowledged survives the death of this process, not a power cut (decision 003).
import { PGlite } from '@electric-sql/pglite'
import { vector } from '@electric-sql/pglite-pgvector'
import { rolesSql } from './embedded-roles.ts'
import type { ExchangeMessages } from './multiplexer/shared-backend.ts'

/** Bounds the log, and ends deep recursion with an error before WebAssembly's own stack overflows. */
const settings = {
  max_wal_size: '64MB',
  min_wal_size: '32MB',
  wal_recycle: 'off',
  max_stack_depth: '400kB',
} as const

/** What drivers want to hear at the start of a connection. */
const reportedParameters = [
  'server_version',
  'server_encoding',
  'client_encoding',
  'DateStyle',
  'TimeZone',
  'IntervalStyle',
  'integer_datetimes',
  'standard_conforming_strings',
] as const

export interface PgliteDatabase {
  readonly exchange: ExchangeMessages
  readonly parameters: Readonly<Record<string, string>>
  close(): Promise<void>
}

/** Opens the cluster, which must be there, and brings its roles up to date. */
export async function openPgliteDatabase(clusterDirectory: string): Promise<PgliteDatabase> {
  const database = await PGlite.create(clusterDirectory, {
    extensions: { vector },
    startParams: [
      ...PGlite.defaultStartParams,
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
  })
  await database.exec(rolesSql)
  const { rows } = await database.query<{ name: string; setting: string }>(
    'select name, setting from pg_settings where name = any($1)',
    [[...reportedParameters]],
  )
  return {
    exchange: async (messages) => {
      const chunks: Buffer[] = []
      // The chunk is a view of WebAssembly's memory.
      await database.execProtocolRawStream(messages, { onRawData: (chunk) => void chunks.push(Buffer.from(chunk)) })
      return Buffer.concat(chunks)
    },
    parameters: Object.fromEntries(rows.map(({ name, setting }) => [name, setting])),
    close: () => database.close(),
  }
}
