// One query inside a read-only transaction, by a cursor: only what reads can be declared as one, only one statement can be
// prepared, and of a result without end so many rows are fetched.
import type { Client } from 'pg'
import { redactSecrets } from '../egress/redact.ts'
import { parseStorableJson } from './storable-json.ts'

export interface QueryInput {
  readonly sql: string
  readonly parameters: readonly (string | number | boolean | null)[]
}

export interface QueryResult {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly unknown[])[]
  readonly rowCount: number
  /** There were more rows, or larger ones, than a result may have. */
  readonly truncated: boolean
}

export interface RunLimits {
  readonly statementMs: number
  readonly rows: number
  readonly resultBytes: number
  /** Taken out of every text. */
  readonly secrets: readonly string[]
}

/** NaN and the infinities have no JSON. */
const toNumber = (text: string): number | string => (Number.isFinite(Number(text)) ? Number(text) : text)
const parsers: Readonly<Record<number, (text: string) => unknown>> = {
  16: (text) => text === 't',
  21: toNumber,
  23: toNumber,
  700: toNumber,
  701: toNumber,
  114: parseStorableJson,
  3802: parseStorableJson,
}
/** All others as Postgres writes them, exactly: 64-bit integers, decimals, times, arrays, bytes. */
const asWritten = (text: string): unknown => text
const types = { getTypeParser: (oid: number) => parsers[oid] ?? asWritten }

/** Of this transaction alone. The last one, which older servers lack, ends what nobody waits for any more. */
const settings = (statementMs: number): [string, string][] => [
  ['statement_timeout', String(statementMs)],
  ['lock_timeout', String(statementMs)],
  ['idle_in_transaction_session_timeout', String(2 * statementMs)],
  ['client_connection_check_interval', '1000'],
]

function redacted(value: unknown, secrets: readonly string[]): unknown {
  if (typeof value === 'string') return redactSecrets(value, secrets)
  if (Array.isArray(value)) return value.map((item: unknown) => redacted(item, secrets))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, child]) => [name, redacted(child, secrets)]))
}

/** As many of the first rows as fit. */
function fitting(rows: readonly (readonly unknown[])[], maxBytes: number): (readonly unknown[])[] {
  let bytes = 0
  const index = rows.findIndex((row) => {
    bytes += Buffer.byteLength(JSON.stringify(row))
    return bytes > maxBytes
  })
  return rows.slice(0, index === -1 ? undefined : index)
}

/** On a connection of its own. Rejects with the driver's errors. */
export async function runQuery(
  client: Client,
  { sql, parameters }: QueryInput,
  limits: RunLimits,
): Promise<QueryResult> {
  await client.query('begin transaction read only')
  for (const [name, value] of settings(limits.statementMs)) {
    await client.query('select set_config(name, $2, true) from pg_settings where name = $1', [name, value])
  }
  // With a name it goes by the extended protocol, in which one statement is all that fits.
  const declare = { name: 'tool-query', text: `declare result no scroll cursor for\n${sql}`, values: [...parameters] }
  await client.query(declare)
  const fetch = { text: `fetch forward ${limits.rows + 1} from result`, rowMode: 'array' as const, types }
  const { fields, rows } = await client.query<unknown[]>(fetch)
  await client.query('rollback')
  const wanted = rows.slice(0, limits.rows).map((row) => row.map((value) => redacted(value, limits.secrets)))
  const shown = fitting(wanted, limits.resultBytes)
  return {
    columns: fields.map(({ name }) => name),
    rows: shown,
    rowCount: shown.length,
    truncated: shown.length < rows.length,
  }
}
