// One operation of the OpenAPI document, from one route.
import { defaultBodyLimitBytes } from './json-body.ts'
import { envelopeBytes, maxFieldBytes, maxFields } from './multipart.ts'
import type { Json, SchemaWriter } from './openapi-schemas.ts'
import type { Route } from './route.ts'

/** The problems that a route may answer with: names of `components/responses` by status. */
export const problemResponses = {
  400: { name: 'Malformed', description: 'The request can’t be read: its syntax, its path or its query.' },
  401: { name: 'Unauthenticated', description: 'No valid access token was sent.' },
  403: { name: 'Forbidden', description: 'The account may not do that.' },
  404: { name: 'NotFound', description: 'There is no such resource, or the account may not see it.' },
  409: { name: 'Conflict', description: 'The resource’s state, or a request that is under way, forbids it.' },
  412: { name: 'PreconditionFailed', description: 'The resource has changed since `If-Match` was read.' },
  413: { name: 'TooLarge', description: 'The body is too large.' },
  415: { name: 'UnsupportedMediaType', description: 'The body’s media type, charset or encoding isn’t supported.' },
  422: { name: 'Invalid', description: 'The body is well-formed and breaks its schema or a rule.' },
  429: { name: 'Limited', description: 'Too many requests: come again after `Retry-After` seconds.' },
  500: { name: 'Internal', description: 'Something went wrong on the server.' },
  503: { name: 'Unavailable', description: 'A service that this needs is unavailable; a retry may help.' },
} as const

type ProblemStatus = keyof typeof problemResponses

/** Beside a route of which every signed-in account may ask. */
const mayForbid = ({ access, sessionOnly, sameOrigin }: Route): boolean =>
  sessionOnly === true || sameOrigin === true || (access !== 'public' && access !== 'signed-in')

function problemsOf(route: Route): ProblemStatus[] {
  const takesBody = route.body !== undefined || route.multipart === true
  const changes = route.method !== 'get'
  const own = new Set<ProblemStatus>(route.problems)
  return [
    400,
    ...(route.access === 'public' && !own.has(401) ? [] : ([401] as const)),
    ...(mayForbid(route) || own.has(403) ? ([403] as const) : []),
    ...(route.params === undefined && !own.has(404) ? [] : ([404] as const)),
    ...(changes || own.has(409) ? ([409] as const) : []),
    ...(takesVersion(route) ? ([412] as const) : []),
    ...(takesBody ? ([413, 415] as const) : []),
    ...(takesBody || route.idempotent !== undefined || own.has(422) ? ([422] as const) : []),
    429,
    500,
    503,
  ]
}

const takesVersion = ({ method }: Route): boolean => method === 'put' || method === 'patch' || method === 'delete'

function parametersOf(route: Route, writer: SchemaWriter): Json[] {
  const placed = (place: 'path' | 'query' | 'header', contract: Route['params']): Json[] =>
    contract === undefined
      ? []
      : writer.properties(contract, 'input').map(({ name, required, schema: { description, ...schema } }) => ({
          name,
          in: place,
          required: place === 'path' || required,
          ...(typeof description === 'string' ? { description } : {}),
          schema,
        }))
  const shared = (name: string): Json => ({ $ref: `#/components/parameters/${name}` })
  return [
    ...placed('path', route.params),
    ...placed('query', route.query),
    ...placed('header', route.headers),
    ...(route.idempotent === undefined ? [] : [shared('IdempotencyKey')]),
    ...(takesVersion(route) ? [shared('IfMatch')] : []),
    ...(route.events !== undefined && route.method === 'get' ? [shared('LastEventId')] : []),
  ]
}

function multipartSchema(route: Route, writer: SchemaWriter): Json {
  const fields = route.body === undefined ? [] : writer.properties(route.body, 'input')
  return {
    type: 'object',
    properties: {
      file: { type: 'string', format: 'binary' },
      ...Object.fromEntries(fields.map(({ name, schema }) => [name, schema])),
    },
    maxProperties: maxFields + 1,
    required: ['file', ...fields.filter(({ required }) => required).map(({ name }) => name)],
  }
}

/** The file's bytes are the installation's to set; what comes around them isn't. */
function requestBodyOf(route: Route, { writer, uploadLimitBytes }: OperationOptions): Json | undefined {
  if (route.multipart === true) {
    return {
      description: `One file of at most ${uploadLimitBytes} bytes, and at most ${maxFields} fields of ${maxFieldBytes} bytes.`,
      'x-limit-bytes': uploadLimitBytes + envelopeBytes,
      'x-file-limit-bytes': uploadLimitBytes,
      required: true,
      content: { 'multipart/form-data': { schema: multipartSchema(route, writer) } },
    }
  }
  if (route.body === undefined) return undefined
  const limit = route.bodyLimitBytes ?? defaultBodyLimitBytes
  return {
    description: `At most ${limit} bytes.`,
    'x-limit-bytes': limit,
    required: !route.body.safeParse({}).success,
    content: { 'application/json': { schema: writer.write(route.body, 'input') } },
  }
}

const statusNames: Readonly<Record<string, string>> = {
  200: 'Success',
  201: 'Created',
  202: 'Accepted',
  204: 'Success without content',
  302: 'Elsewhere, as `Location` says',
}

/** OpenAPI 3.1 has no form for a stream's items: their schemas stand by name in an extension. */
function eventStreamOf({ events = {} }: Route, writer: SchemaWriter): Json {
  return {
    'text/event-stream': {
      schema: { type: 'string', description: `Server-sent events: ${Object.keys(events).join(', ')}.` },
      'x-events': Object.fromEntries(
        Object.entries(events).map(([name, schema]) => [name, { data: writer.write(schema, 'output') }]),
      ),
    },
  }
}

function successesOf(route: Route, writer: SchemaWriter): Json {
  const responses: Json = {}
  const headers: Json = { 'X-Request-Id': { $ref: '#/components/headers/RequestId' } }
  if (route.idempotent?.keep === 'answer') {
    headers['Idempotent-Replayed'] = { $ref: '#/components/headers/IdempotentReplayed' }
  }
  for (const [status, schema] of Object.entries(route.responses)) {
    const description = statusNames[status] ?? 'Success'
    const bytes = Object.fromEntries((route.mediaTypes ?? ['application/octet-stream']).map((type) => [type, {}]))
    const json = schema ? { 'application/json': { schema: writer.write(schema, 'output') } } : bytes
    responses[status] =
      status === '204' || status === '302' ? { description, headers } : { description, headers, content: json }
  }
  if (route.events === undefined) return responses
  const plain = (responses['200'] ?? { description: 'The events', headers }) as Json
  responses['200'] = { ...plain, content: { ...(plain['content'] as Json), ...eventStreamOf(route, writer) } }
  if (route.method === 'get') {
    responses['204'] = { description: 'The stream has ended, and `Last-Event-ID` is its end', headers }
  }
  return responses
}

/** `GET /chats/{chatId}/turns` → `getChatsByChatIdTurns`: stable as long as the path is. */
function operationIdOf({ method, path }: Route): string {
  const words = path
    .split('/')
    .filter((part) => part !== '')
    .map((part) => (part.startsWith('{') ? `by-${part.slice(1, -1)}` : part))
    .flatMap((part) => part.split(/[^A-Za-z0-9]+/))
    .filter((word) => word !== '')
  return [method, ...words.map((word) => word.charAt(0).toUpperCase() + word.slice(1))].join('')
}

/** Any one of them will do. */
const securityOf = ({ sessionCookie }: Route, permission: readonly string[]): Json[] => [
  { bearer: permission },
  ...(sessionCookie === undefined ? [] : [{ [sessionCookie.name]: permission }]),
]

export interface OperationOptions {
  readonly writer: SchemaWriter
  /** Of the file of a multipart body. */
  readonly uploadLimitBytes: number
}

export function createOperation(route: Route, options: OperationOptions): Json {
  const { writer } = options
  const requestBody = requestBodyOf(route, options)
  const parameters = parametersOf(route, writer)
  const permission = route.access === 'public' || route.access === 'signed-in' ? [] : [route.access]
  const problems = problemsOf(route).map((status) => [
    String(status),
    { $ref: `#/components/responses/${problemResponses[status].name}` },
  ])
  return {
    operationId: operationIdOf(route),
    tags: [route.tag],
    summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(requestBody === undefined ? {} : { requestBody }),
    responses: { ...successesOf(route, writer), ...Object.fromEntries(problems) },
    security: route.access === 'public' ? [] : securityOf(route, permission),
  }
}
