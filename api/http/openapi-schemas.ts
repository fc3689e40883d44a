// JSON Schemas of all contracts of a route table, with named schemas (`.meta({id})`) as shared components. A schema whose
// input form differs from its output form, by a default or a coercion, gets a component of its own for input.
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import type { Route } from './route.ts'

export type Json = Record<string, unknown>
export type Direction = 'input' | 'output'

export interface SchemaWriter {
  /** The schema with references into `components/schemas`. It must be a contract of the table. */
  write(schema: z.ZodType, direction: Direction): Json
  /** The properties of an object schema, and which of them are required: for parameters. */
  properties(schema: z.ZodType, direction: Direction): { readonly name: string; required: boolean; schema: Json }[]
  readonly components: Json
}

/** Formats that say all; their patterns fill pages and say it again. */
const plainFormats: ReadonlySet<unknown> = new Set(['uuid', 'date-time', 'email'])

function convert(schema: z.ZodType, direction: Direction): { root: Json; defs: Json } {
  // Wrapped, so that the schema itself is never the document's root: references to a root couldn't be embedded.
  const document = z.toJSONSchema(z.object({ root: schema }), {
    io: direction,
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      const { def } = zodSchema._zod
      // Fields may be added to any answer: only what refuses unknown fields says so.
      if (def.type === 'object' && def.catchall === undefined) delete jsonSchema.additionalProperties
      if (plainFormats.has(jsonSchema.format)) delete jsonSchema.pattern
      // No format of JSON Schema: its `contentEncoding` says it.
      if (jsonSchema.contentEncoding === 'base64') delete jsonSchema.format
    },
  })
  return { root: (document.properties?.['root'] ?? {}) as Json, defs: document.$defs ?? {} }
}

const definitionPrefix = '#/$defs/'

/** A copy with every reference into `$defs` replaced by what `rename` makes of it. */
function renameReferences(value: unknown, rename: (name: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => renameReferences(item, rename))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) =>
      key === '$ref' && typeof child === 'string' && child.startsWith(definitionPrefix)
        ? [key, `#/components/schemas/${rename(child.slice(definitionPrefix.length))}`]
        : [key, renameReferences(child, rename)],
    ),
  )
}

function referencesOf(value: unknown): string[] {
  const names: string[] = []
  renameReferences(value, (name) => {
    names.push(name)
    return name
  })
  return names
}

/** Input definitions that differ from their output namesakes, or refer to one that does. */
function differing(inputs: ReadonlyMap<string, unknown>, outputs: ReadonlyMap<string, unknown>): Set<string> {
  const different = new Set<string>()
  for (const [name, schema] of inputs) {
    if (outputs.has(name) && !isDeepStrictEqual(schema, outputs.get(name))) different.add(name)
  }
  for (let before = -1; before !== different.size; ) {
    before = different.size
    for (const [name, schema] of inputs) {
      if (referencesOf(schema).some((reference) => different.has(reference))) different.add(name)
    }
  }
  return different
}

/** Every contract of a route with the direction in which it goes over the wire. */
function contractsOf(route: Route): [z.ZodType, Direction][] {
  const inputs = [route.params, route.query, route.headers, route.body]
  const outputs = [...Object.values(route.responses), ...Object.values(route.events ?? {})]
  return [
    ...inputs.flatMap((schema): [z.ZodType, Direction][] => (schema ? [[schema, 'input']] : [])),
    ...outputs.flatMap((schema): [z.ZodType, Direction][] => (schema ? [[schema, 'output']] : [])),
  ]
}

export function createSchemaWriter(routes: readonly Route[]): SchemaWriter {
  const roots = { input: new Map<z.ZodType, Json>(), output: new Map<z.ZodType, Json>() }
  const defs = { input: new Map<string, unknown>(), output: new Map<string, unknown>() }
  let conversions = 0
  for (const [schema, direction] of routes.flatMap(contractsOf)) {
    if (roots[direction].has(schema)) continue
    conversions += 1
    const converted = convert(schema, direction)
    // Schemas that refer to themselves without a name are numbered within one conversion only.
    const rename = (name: string): string => (name.startsWith('__') ? `Recursive${conversions}${name}` : name)
    const scoped = (value: unknown): unknown =>
      JSON.parse(JSON.stringify(renameReferences(value, rename)).replaceAll('#/components/schemas/', definitionPrefix))
    roots[direction].set(schema, scoped(converted.root) as Json)
    for (const [name, def] of Object.entries(converted.defs)) defs[direction].set(rename(name), scoped(def))
  }
  const different = differing(defs.input, defs.output)
  const nameOf = (name: string, direction: Direction): string =>
    direction === 'input' && different.has(name) ? `${name}Input` : name
  const finish = (value: unknown, direction: Direction): Json =>
    renameReferences(value, (name) => nameOf(name, direction)) as Json

  const components: Json = {}
  for (const direction of ['input', 'output'] as const) {
    for (const [name, def] of defs[direction]) components[nameOf(name, direction)] = finish(def, direction)
  }
  const rootOf = (schema: z.ZodType, direction: Direction): Json => roots[direction].get(schema) ?? {}
  return {
    write: (schema, direction) => finish(rootOf(schema, direction), direction),
    properties: (schema, direction) => {
      const root = rootOf(schema, direction)
      const [reference] = referencesOf({ $ref: root['$ref'] })
      const object = (reference === undefined ? root : defs[direction].get(reference)) as Json
      const required = (object['required'] ?? []) as string[]
      return Object.entries((object['properties'] ?? {}) as Record<string, Json>).map(([name, property]) => ({
        name,
        required: required.includes(name),
        schema: finish(property, direction),
      }))
    },
    components,
  }
}
