// What a tool must keep to be stored: a schema that arguments can be held against, a configuration that its kind can run,
// placeholders that the schema names, and secrets that may go where the configuration sends them.
import type { z } from 'zod'
import type { Db } from '../../db/database.ts'
import { findSecretByPath } from '../../db/vault/secrets.ts'
import { AppError, type FieldFault } from '../../domain/errors.ts'
import { builtinRules } from '../../domain/tools/builtin-rules.ts'
import { destinationOf, queryDatabaseConfigSchema } from '../../domain/tools/database-config.ts'
import { type HttpToolConfig, argumentNamesOf, httpToolConfigSchema } from '../../domain/tools/http-template.ts'
import type { Tool } from '../../domain/tools/tool.ts'
import { originOf } from '../../domain/vault/origin.ts'
import { isSecretReference, parseSecretReference } from '../../domain/vault/secret-reference.ts'
import type { Context } from '../../platform/platform.ts'
import { toFaults } from '../http/read-input.ts'

type Checked = Pick<Tool, 'name' | 'kind' | 'inputSchema' | 'config'>

export const refuseTool = (errors: readonly FieldFault[], detail = 'The tool can’t be stored like this.'): never => {
  throw new AppError('request.invalid', { detail, errors })
}

const below = (parent: string, faults: readonly FieldFault[]): FieldFault[] =>
  faults.map(({ path, message }) => ({ path: path === '' ? parent : `${parent}.${path}`, message }))

function parseConfig<T>(schema: z.ZodType<T>, config: unknown): T {
  const parsed = schema.safeParse(config)
  return parsed.success ? parsed.data : refuseTool(below('config', toFaults(parsed.error)))
}

function requireSchema({ tools }: Pick<Context, 'tools'>, inputSchema: unknown): void {
  try {
    tools.requireSchema(inputSchema)
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'tool.schema_invalid') throw error
    const { code, detail = 'The input schema can’t be used.', errors = [{ path: '', message: detail }] } = error
    throw new AppError(code, { detail, errors: below('inputSchema', errors) })
  }
}

/** Where in a configuration which arguments stand. */
function argumentsByPlace({ method, url, headers, body }: HttpToolConfig): [place: string, names: string[]][] {
  const namesOf = (part: Partial<HttpToolConfig>): string[] =>
    argumentNamesOf({ method, url: 'https://none.invalid/', headers: {}, ...part })
  return [
    ['url', namesOf({ url })],
    ...Object.entries(headers).map(([name, value]): [string, string[]] => [
      `headers.${name}`,
      namesOf({ headers: { [name]: value } }),
    ]),
    ['body', body === undefined ? [] : namesOf({ body })],
  ]
}

function requireKnownArguments(config: HttpToolConfig, inputSchema: Tool['inputSchema']): void {
  const { properties = {} } = inputSchema
  const faults = argumentsByPlace(config).flatMap(([place, names]) =>
    names
      .filter((name) => !Object.hasOwn(properties as object, name))
      .map((name) => ({
        path: `config.${place}`,
        message: `has {{${name}}}, which is none of inputSchema.properties: add it there, or take it out here`,
      })),
  )
  if (faults.length > 0) refuseTool(faults)
}

/** The configuration as it is stored. Throws `request.invalid` and `tool.schema_invalid`, with the places. */
export function checkTool(
  context: Pick<Context, 'tools'>,
  { name, kind, inputSchema, config }: Checked,
): Tool['config'] {
  if (kind === 'builtin') return parseConfig(builtinRules(name).config, config)
  if (kind !== 'http')
    return refuseTool([{ path: 'config', message: 'is made from the tool’s source, like its schema: change it there' }])
  requireSchema(context, inputSchema)
  const parsed = parseConfig(httpToolConfigSchema, config)
  requireKnownArguments(parsed, inputSchema)
  return { ...parsed }
}

interface SecretUse {
  /** Where in the tool. */
  readonly path: string
  readonly reference: string
  readonly destination: string
}

/** Of a configuration as it is stored. */
function secretUsesOf({ name, kind, config }: Checked): SecretUse[] {
  if (kind === 'builtin' && name === 'query_database') {
    return Object.entries(queryDatabaseConfigSchema.parse(config).databases).map(([key, database]) => ({
      path: `config.databases.${key}.dsn`,
      reference: database.dsn,
      destination: destinationOf(database),
    }))
  }
  if (kind !== 'http') return []
  const { url, headers } = httpToolConfigSchema.parse(config)
  return Object.entries(headers)
    .filter(([, value]) => isSecretReference(value))
    .map(([header, reference]) => ({ path: `config.headers.${header}`, reference, destination: url }))
}

const pathOf = ({ reference }: SecretUse): string => parseSecretReference(reference).path

/** The paths of the secrets that a stored configuration refers to. */
export const secretRefsOf = (tool: Checked): string[] => [...new Set(secretUsesOf(tool).map(pathOf))]

async function faultOf(db: Db, use: SecretUse): Promise<string | undefined> {
  const secret = await findSecretByPath(db, pathOf(use))
  if (secret === undefined || secret.deletedAt !== null) return `refers to ${pathOf(use)}, where there is no secret`
  const origin = originOf(use.destination)
  if (origin !== undefined && secret.destinations.includes(origin)) return undefined
  return `refers to a secret that may not go to ${origin ?? 'this address'}: add that to the secret’s destinations first`
}

/** Throws `request.invalid` for secrets that aren’t there, or that don’t list where they would go. */
export async function requireSecrets(db: Db, tool: Checked): Promise<void> {
  const faults: FieldFault[] = []
  for (const use of secretUsesOf(tool)) {
    const message = await faultOf(db, use)
    if (message !== undefined) faults.push({ path: use.path, message })
  }
  if (faults.length > 0) refuseTool(faults)
}
