// Which JSON Schemas a tool's arguments may have. Whoever makes a tool chooses what the server runs for each call, so that a
// schema must have a size, and a check of it a cost, that are known before it is compiled.
import { AppError, type FieldFault } from '../../domain/errors.ts'
import { compileSafePattern } from './safe-pattern.ts'
import type { JsonSchema } from './tool-runner.ts'

/** `weight` counts subschemas with every `$ref` written out: as many checks does one value go through at most. */
const limits = { characters: 65_536, depth: 32, weight: 5_000 }

const dialects = /^https?:\/\/json-schema\.org\/(draft-07\/schema|draft\/2020-12\/schema)#?$/
/** They make what a `$ref` means depend on where it stands. */
const refused = ['$id', '$anchor', '$dynamicRef', '$dynamicAnchor', '$recursiveRef', '$recursiveAnchor', '$data']
const holdsOne = [
  'additionalItems additionalProperties contains else if items not propertyNames then unevaluatedItems',
  'unevaluatedProperties',
].flatMap((line) => line.split(' '))
const holdsList = ['allOf', 'anyOf', 'oneOf', 'prefixItems', 'items']
const holdsMap = ['properties', 'patternProperties', 'dependentSchemas', 'dependencies']
const definitions = ['$defs', 'definitions']

interface Subschema {
  readonly path: string
  readonly schema: JsonSchema
}

const isObject = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const refuse = (path: string, message: string): never => {
  const errors: FieldFault[] = [{ path, message }]
  throw new AppError('tool.schema_invalid', { detail: `The input schema${path && ` at ${path}`} ${message}.`, errors })
}

function requireShallow(value: unknown, depth = 0): void {
  if (typeof value !== 'object' || value === null) return
  if (depth > limits.depth) refuse('', `is nested deeper than ${limits.depth} levels`)
  for (const child of Object.values(value)) requireShallow(child, depth + 1)
}

function childrenOf({ path, schema }: Subschema, maps: readonly string[]): Subschema[] {
  const found: [string, unknown][] = holdsOne.map((keyword) => [keyword, schema[keyword]])
  for (const keyword of [...holdsList, ...maps]) {
    const held = schema[keyword]
    if (typeof held !== 'object' || held === null) continue
    if (Array.isArray(held) !== holdsList.includes(keyword)) continue
    for (const [key, child] of Object.entries(held)) found.push([`${keyword}.${key}`, child])
  }
  return found.flatMap(([key, child]) =>
    isObject(child) ? [{ path: path === '' ? key : `${path}.${key}`, schema: child }] : [],
  )
}

function requireKeywords({ path, schema }: Subschema): void {
  const found = refused.find((keyword) => keyword in schema)
  if (found !== undefined) refuse(path, `may not use ${found}`)
  const { pattern, patternProperties } = schema
  const patterns = [...(typeof pattern === 'string' ? [pattern] : []), ...Object.keys(patternProperties ?? {})]
  if (patterns.some((one) => compileSafePattern(one) === undefined))
    refuse(path, 'has a pattern that is too long, or needs look-around or back references')
}

/** What a reference inside of the same schema points at. */
function target(root: JsonSchema, path: string, reference: unknown): Subschema {
  if (typeof reference !== 'string' || !reference.startsWith('#/')) return refuse(path, 'may refer to #/… alone')
  let found: unknown = root
  for (const token of reference.slice(2).split('/')) {
    const key = decodeURIComponent(token).replaceAll('~1', '/').replaceAll('~0', '~')
    found =
      typeof found === 'object' && found !== null && Object.hasOwn(found, key) ? Reflect.get(found, key) : undefined
  }
  return isObject(found) ? { path, schema: found } : refuse(path, 'refers to something that isn’t there')
}

interface Weighing {
  readonly root: JsonSchema
  readonly known: Map<JsonSchema, number>
  readonly open: Set<JsonSchema>
}

function weigh(weighing: Weighing, subschema: Subschema): number {
  const { root, known, open } = weighing
  const { path, schema } = subschema
  const weighed = known.get(schema)
  if (weighed !== undefined) return weighed
  if (open.has(schema)) refuse(path, 'refers to itself, so that its depth has no limit')
  open.add(schema)
  requireKeywords(subschema)
  const referred = '$ref' in schema ? [target(root, path, schema['$ref'])] : []
  let weight = 1
  for (const child of [...childrenOf(subschema, holdsMap), ...referred]) weight += weigh(weighing, child)
  if (weight > limits.weight) refuse(path, `comes to more than ${limits.weight} subschemas`)
  open.delete(schema)
  known.set(schema, weight)
  return weight
}

/** Throws `tool.schema_invalid`. What is left for the compiler to find: keywords of the wrong type, or unknown ones. */
export function requireToolSchema(schema: unknown): asserts schema is JsonSchema {
  if (!isObject(schema) || schema['type'] !== 'object') return refuse('', 'must be of type object')
  if (schema['additionalProperties'] !== false)
    return refuse('', 'must have "additionalProperties": false, so that no unknown argument gets through')
  const { $schema: dialect } = schema
  if (dialect !== undefined && (typeof dialect !== 'string' || !dialects.test(dialect)))
    return refuse('$schema', 'must be that of draft-07 or 2020-12')
  requireShallow(schema)
  if (JSON.stringify(schema).length > limits.characters)
    return refuse('', `has more than ${limits.characters} characters as JSON`)
  const weighing = { root: schema, known: new Map(), open: new Set<JsonSchema>() }
  weigh(weighing, { path: '', schema })
  // What nothing refers to is compiled all the same.
  const unused = definitions.flatMap((keyword) =>
    childrenOf({ path: '', schema }, [keyword]).filter(({ path }) => path.startsWith(`${keyword}.`)),
  )
  for (const definition of unused) weigh(weighing, definition)
}

export const isDraft07 = ({ $schema: dialect }: JsonSchema): boolean =>
  typeof dialect === 'string' && dialect.includes('draft-07')
