// What the API and the workers both ask of a tool without running it: whether arguments match, and what would be sent.
// Kept apart from the runners, so that the API doesn't load them.
import { type DatabaseConfig, queryDatabaseConfigSchema } from '../../domain/tools/database-config.ts'
import { httpToolConfigSchema, previewOf } from '../../domain/tools/http-template.ts'
import type { ToolPreview } from '../../domain/tools/approval.ts'
import { parseSecretReference } from '../../domain/vault/secret-reference.ts'
import { type ArgumentChecks, createArgumentChecks } from './check-arguments.ts'
import type { JsonSchema } from './tool-runner.ts'

type Arguments = Readonly<Record<string, unknown>>

export interface PreviewedTool {
  readonly name: string
  readonly kind: string
  readonly config: Readonly<Record<string, unknown>>
}

export interface ToolContracts {
  /** Throws `tool.schema_invalid`: to be called before a schema is stored. */
  requireSchema(schema: unknown): void
  /** Throws `tool.arguments_invalid` with `errors`, or `tool.schema_invalid`. */
  check(schema: JsonSchema, args: unknown): void
  /** What a run would send where, with secrets by their paths. Throws `tool.arguments_invalid`. */
  preview(tool: PreviewedTool, args: Arguments): ToolPreview
}

const nothing: ToolPreview = { method: null, url: null, secretPaths: [], body: null }
const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null)

function previewRequest(args: Arguments): ToolPreview {
  const credential = textOf(args['credential'])
  return {
    method: textOf(args['method']),
    url: textOf(args['url']),
    secretPaths: credential === null ? [] : [credential],
    body: textOf(args['body']),
  }
}

const addressOf = ({ host, port }: DatabaseConfig): string => `postgres://${host}:${port}`

function previewQuery(config: PreviewedTool['config'], args: Arguments): ToolPreview {
  const name = textOf(args['database']) ?? ''
  const databases = queryDatabaseConfigSchema.safeParse(config).data?.databases ?? {}
  const database = Object.hasOwn(databases, name) ? databases[name] : undefined
  if (database === undefined) return { ...nothing, body: textOf(args['sql']) }
  const { path } = parseSecretReference(database.dsn)
  return { method: null, url: addressOf(database), secretPaths: [path], body: textOf(args['sql']) }
}

function previewMail(args: Arguments): ToolPreview {
  const recipients = [args['to'], args['cc'] ?? []].flat().filter((one) => typeof one === 'string')
  const subject = textOf(args['subject']) ?? ''
  return { ...nothing, url: `mailto:${recipients.join(',')}`, body: `${subject}\n\n${textOf(args['text']) ?? ''}` }
}

function preview({ name, kind, config }: PreviewedTool, args: Arguments): ToolPreview {
  if (kind === 'http') {
    const { secretPaths, ...request } = previewOf(httpToolConfigSchema.parse(config), args)
    return { ...request, secretPaths: [...secretPaths] }
  }
  if (kind !== 'builtin') return nothing
  if (name === 'http_request') return previewRequest(args)
  if (name === 'query_database') return previewQuery(config, args)
  return name === 'send_email' ? previewMail(args) : nothing
}

export function createToolContracts(): ToolContracts {
  const checks: ArgumentChecks = createArgumentChecks()
  return {
    requireSchema: (schema) => checks.requireSchema(schema),
    check: (schema, args) => checks.check(schema, args),
    preview,
  }
}
