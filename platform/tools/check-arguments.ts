// Holds the arguments that a model wrote against a tool's schema. The answer to wrong ones is what a model needs to mend
// them: where, and which rule, but never the value, which would land in logs and histories.
import { Ajv, type ErrorObject, type Options, type ValidateFunction } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { canonicalize } from '../../domain/audit/jcs.ts'
import { AppError, type FieldFault } from '../../domain/errors.ts'
import { addBoundedFormats } from './bounded-formats.ts'
import { type SafePattern, compileSafePattern } from './safe-pattern.ts'
import type { JsonSchema } from './tool-runner.ts'
import { isDraft07, requireToolSchema } from './tool-schema.ts'

export interface ArgumentChecks {
  /** Throws `tool.schema_invalid`: to be called before a schema is stored. */
  requireSchema(schema: unknown): asserts schema is JsonSchema
  /** Throws `tool.arguments_invalid` with `errors`, or `tool.schema_invalid`. */
  check(schema: JsonSchema, args: unknown): asserts args is Readonly<Record<string, unknown>>
}

const limits = { values: 10_000, depth: 32, characters: 200_000, errors: 20, listed: 300, path: 200 }

/** Ajv tells patterns apart by their text. */
function patternOf(pattern: string): SafePattern {
  const compiled = compileSafePattern(pattern) ?? badSchema('has a pattern that can’t be used')
  return Object.assign(compiled, { toString: () => `/${pattern}/` })
}
const regExp = Object.assign(patternOf, { code: 'patternOf' })

const options: Options = {
  strict: true,
  // `anyOf: [{ required: ['a'] }, { required: ['b'] }]` is how a schema says “one of these”.
  strictRequired: false,
  allowUnionTypes: true,
  allErrors: true,
  // Else `required: ['constructor']` would be met by every object.
  ownProperties: true,
  addUsedSchema: false,
  logger: false,
  code: { regExp },
}

const badSchema = (message: string): never => {
  throw new AppError('tool.schema_invalid', { detail: `The input schema ${message}.` })
}

/** Ajv's own compares each pair of items. */
function hasUniqueItems(isOn: boolean, items: readonly unknown[]): boolean {
  return !isOn || new Set(items.map(canonicalize)).size === items.length
}

function prepare<T extends Ajv>(ajv: T): T {
  addBoundedFormats(ajv)
  ajv.removeKeyword('uniqueItems')
  ajv.addKeyword({
    keyword: 'uniqueItems',
    type: 'array',
    schemaType: 'boolean',
    validate: hasUniqueItems,
    error: { message: 'must hold no item twice' },
  })
  return ajv
}

/** How many values and characters there are; stops where it is too much. */
function isWithinLimits(args: unknown): boolean {
  let values = 0
  let characters = 0
  const visit = (value: unknown, depth: number): boolean => {
    values += 1
    if (typeof value === 'string') characters += value.length
    if (values > limits.values || characters > limits.characters || depth > limits.depth) return false
    if (typeof value !== 'object' || value === null) return true
    return Object.entries(value).every(([key, child]) => {
      characters += key.length
      return visit(child, depth + 1)
    })
  }
  return visit(args, 0)
}

const unescaped = (pointer: string): string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))

function toFault({ instancePath, keyword, params, message = 'is invalid' }: ErrorObject): FieldFault {
  const fault = (rule: string, ...more: readonly unknown[]): FieldFault => ({
    path: [...unescaped(instancePath), ...more.map(String)].join('.').slice(0, limits.path),
    message: rule,
  })
  if (keyword === 'additionalProperties' || keyword === 'unevaluatedProperties')
    return fault('is not an argument here', Object.values(params)[0])
  if (keyword === 'required') return fault('is required', params['missingProperty'])
  if (keyword === 'enum')
    return fault(`must be one of ${JSON.stringify(params['allowedValues']).slice(0, limits.listed)}`)
  if (keyword === 'const') return fault(`must be ${JSON.stringify(params['allowedValue']).slice(0, limits.listed)}`)
  return fault(message)
}

function compile(validators: { readonly draft07: Ajv; readonly latest: Ajv }, schema: JsonSchema): ValidateFunction {
  requireToolSchema(schema)
  const { $schema: _, ...plain } = schema
  const ajv = isDraft07(schema) ? validators.draft07 : validators.latest
  try {
    return ajv.compile(plain)
  } catch (error) {
    if (error instanceof AppError) throw error
    // Ajv quotes names and keywords of the schema, which its author wrote.
    return badSchema(`can’t be compiled: ${(error as Error).message.slice(0, limits.listed)}`)
  } finally {
    ajv.removeSchema(plain)
  }
}

/** Compiled schemas are kept, the ones that were used last. */
export function createArgumentChecks({ kept = 500 }: { readonly kept?: number } = {}): ArgumentChecks {
  const validators = { draft07: prepare(new Ajv(options)), latest: prepare(new Ajv2020(options)) }
  const compiled = new Map<string, ValidateFunction>()
  const validatorOf = (schema: JsonSchema): ValidateFunction => {
    const key = JSON.stringify(schema)
    const validate = compiled.get(key) ?? compile(validators, schema)
    compiled.delete(key)
    compiled.set(key, validate)
    const [oldest] = compiled.keys()
    if (compiled.size > kept && oldest !== undefined) compiled.delete(oldest)
    return validate
  }
  return {
    requireSchema: (schema) => {
      requireToolSchema(schema)
      validatorOf(schema)
    },
    check: (schema, args) => {
      const validate = validatorOf(schema)
      if (!isWithinLimits(args)) {
        const message = `must be no deeper than ${limits.depth} levels, with ${limits.characters} characters at most`
        throw new AppError('tool.arguments_invalid', { errors: [{ path: '', message }] })
      }
      if (validate(args)) return
      const errors = (validate.errors ?? []).slice(0, limits.errors).map(toFault)
      throw new AppError('tool.arguments_invalid', { errors })
    },
  }
}
