// What may be set of a tool that is built in: its configuration has a form only where the code reads one, and some rules
// of it no setting lifts.
import { z } from 'zod'
import { queryDatabaseConfigSchema } from './database-config.ts'

interface BuiltinRules {
  readonly config: z.ZodType<Record<string, unknown>>
  /** No setting frees it of approval. */
  readonly asksAlways: boolean
  /** Equal calls may have different results, or change something: none is kept. */
  readonly isCacheable: boolean
}

const nothing = z.strictObject({})

const rules: Readonly<Record<string, BuiltinRules>> = {
  calculate: { config: nothing, asksAlways: false, isCacheable: true },
  current_time: { config: nothing, asksAlways: false, isCacheable: false },
  http_request: { config: nothing, asksAlways: true, isCacheable: false },
  query_database: { config: queryDatabaseConfigSchema, asksAlways: false, isCacheable: true },
  search_documents: { config: nothing, asksAlways: false, isCacheable: false },
  send_email: { config: nothing, asksAlways: true, isCacheable: false },
}

/** Of one that isn't known, nothing may be set. */
export const builtinRules = (name: string): BuiltinRules =>
  rules[name] ?? { config: nothing, asksAlways: true, isCacheable: false }
