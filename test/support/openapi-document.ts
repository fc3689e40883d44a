// The parts of an OpenAPI document that tests read, and a check of answers against it that shares no code with the
// server's own: a JSON Schema validator over what the document declares for status and media type.
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'

export interface Schema {
  readonly $ref?: string
  readonly type?: string
  readonly format?: string
  readonly pattern?: string
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly examples?: readonly unknown[]
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: boolean | Schema
  readonly required?: readonly string[]
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly maxItems?: number
  readonly maxProperties?: number
  readonly [extension: `x-${string}`]: unknown
}

export interface Parameter {
  readonly $ref?: string
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required?: boolean
  readonly schema: Schema
}

export interface MediaType {
  readonly schema?: Schema
  readonly 'x-events'?: Readonly<Record<string, { readonly data: Schema }>>
}

export interface Operation {
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: {
    readonly description: string
    readonly 'x-limit-bytes'?: number
    readonly content: Readonly<Record<string, MediaType>>
  }
  readonly responses: Readonly<
    Record<string, { readonly $ref?: string; readonly content?: Readonly<Record<string, MediaType>> }>
  >
}

export interface OpenApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

/** What a reference into `components` names; anything else is itself. */
export function resolve<T extends { readonly $ref?: string }>(document: OpenApiDocument, value: T): T {
  if (value.$ref === undefined) return value
  const [, , kind = '', name = ''] = value.$ref.split('/')
  return document.components[kind]?.[name] as T
}

export interface AnswerToCheck {
  readonly status: number
  readonly mediaType: string
  readonly text: string
}

/** Tells what is wrong with an answer by the document, undefined when nothing. */
export type AnswerCheck = (operation: Operation, answer: AnswerToCheck) => string | undefined

const stack = /\\n +at |node_modules|\.ts:\d|\bSequelize|\bpg_|syntax error at|violates /

export function createAnswerCheck(document: OpenApiDocument): AnswerCheck {
  const ajv = new Ajv2020({ strict: false, allErrors: false })
  addFormats.default(ajv)
  ajv.addSchema({ $id: 'cdsa:document', components: document.components })
  const compiled = new Map<Schema, ReturnType<typeof ajv.compile>>()
  const faultOf = (schema: Schema, text: string): string | undefined => {
    let validate = compiled.get(schema)
    if (validate === undefined) {
      const absolute: unknown = JSON.parse(
        JSON.stringify(schema).replaceAll('"#/components', '"cdsa:document#/components'),
      )
      validate = ajv.compile(absolute as object)
      compiled.set(schema, validate)
    }
    return validate(JSON.parse(text)) ? undefined : ajv.errorsText(validate.errors)
  }
  return (operation, { status, mediaType, text }) => {
    const declared = operation.responses[String(status)]
    if (declared === undefined) return `the status ${status} isn’t declared`
    if (status >= 500) return `the status is ${status}`
    const { content } = resolve(document, declared)
    if (content === undefined) return text === '' ? undefined : 'a body where none is declared'
    const media = content[mediaType] ?? content['application/octet-stream']
    if (media === undefined) return `the media type ${mediaType} isn’t declared`
    if (status >= 400 && stack.test(text)) return 'it tells of the inside'
    if (mediaType === 'text/event-stream') return eventFault(media, text, faultOf)
    if (media.schema === undefined || !mediaType.endsWith('json')) return undefined
    return faultOf(media.schema, text)
  }
}

/** Of the first event; a stream that holds none yet is in order. */
function eventFault(
  media: MediaType,
  text: string,
  faultOf: (schema: Schema, text: string) => string | undefined,
): string | undefined {
  const first = /^event: (.*)\n(?:id: (.*)\n)?data: (.*)\n\n/m.exec(text)
  if (first === null) return undefined
  const schema = media['x-events']?.[first[1] ?? '']?.data
  if (schema === undefined) return `the event ${first[1]} isn’t declared`
  return faultOf(schema, first[3] ?? '')
}
