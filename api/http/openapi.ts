// The OpenAPI 3.1 document, made from the table that serves: what it says is what is checked. Paths are whole, below a
// server `/`, so that a reader who ignores servers is right too.
import { errorRegistry } from '../../domain/errors.ts'
import { maxHeaderBytes } from './header-limit.ts'
import { createOperation, problemResponses } from './openapi-operation.ts'
import { type Json, createSchemaWriter } from './openapi-schemas.ts'
import { maxConditionLength, maxEventIdLength } from './read-input.ts'
import type { Route } from './route.ts'
import { maxJsonDepth, maxJsonMembers } from './storable-text.ts'

export interface OpenApiOptions {
  readonly routes: readonly Route[]
  /** Served at the root instead of below `base`. */
  readonly rootRoutes?: readonly Route[]
  /** `/api/v1`. */
  readonly base: string
  /** Of an uploaded file: the installation's limit. */
  readonly uploadLimitBytes?: number
}

/** What `CDSA_UPLOAD_LIMIT_MB` is unless it is set. */
const defaultUploadLimitBytes = 100 * 1024 * 1024

const description = `Every text, list and number of a request has the bounds that its schema names: beyond them the answer is 400 (path, \
query, headers) or 422 (body). A body longer than its operation’s \`x-limit-bytes\` is 413, one with more than \
${maxJsonMembers} members too, and one that is nested deeper than ${maxJsonDepth} levels 400. A request’s line and headers may have \
${maxHeaderBytes} bytes together, else 431 without a body.`

/** Of the contract, not of the program: paths begin with its first number. */
const contractVersion = '1.0.0'

const problemSchema: Json = {
  type: 'object',
  description: 'RFC 9457 problem details',
  properties: {
    type: { type: 'string', format: 'uri-reference' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    instance: { type: 'string', format: 'uri-reference' },
    code: { type: 'string', description: 'Stable; codes may be added', examples: Object.keys(errorRegistry) },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        properties: { path: { type: 'string' }, message: { type: 'string' } },
        required: ['path', 'message'],
      },
    },
    resourceId: { type: 'string' },
  },
  required: ['type', 'title', 'status', 'instance', 'code'],
}

const problemContent = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } }
const retryAfter = { 'Retry-After': { description: 'Seconds', schema: { type: 'integer' } } }
const challenge = { 'WWW-Authenticate': { schema: { type: 'string' } } }

function sharedResponses(): Json {
  return Object.fromEntries(
    Object.entries(problemResponses).map(([status, { name, description }]) => {
      const headers = { 401: challenge, 429: retryAfter, 503: retryAfter }[Number(status)]
      return [name, { description, ...(headers === undefined ? {} : { headers }), content: problemContent }]
    }),
  )
}

const sharedParameters: Json = {
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    description: 'A repeat with the same key and body gets the first answer, for 24 hours; with another body 422.',
    schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[\\x21-\\x7e]+$' },
  },
  IfMatch: {
    name: 'If-Match',
    in: 'header',
    description: 'The `ETag` that the change is based on, where the resource has one.',
    schema: { type: 'string', maxLength: maxConditionLength },
  },
  LastEventId: {
    name: 'Last-Event-ID',
    in: 'header',
    description: 'The id of the last event that was seen: the stream goes on after it.',
    schema: { type: 'string', maxLength: maxEventIdLength },
  },
}

const sharedHeaders: Json = {
  RequestId: { description: 'As sent, or minted', schema: { type: 'string' } },
  IdempotentReplayed: { description: '`true` when this is a stored answer', schema: { type: 'string' } },
}

const check = { type: 'object', properties: { status: { enum: ['up', 'down'] }, latencyMs: { type: 'number' } } }
const readiness: Json = {
  type: 'object',
  properties: {
    status: { enum: ['ready', 'unready'] },
    checks: { type: 'object', additionalProperties: check },
  },
  required: ['status', 'checks'],
}

/** What the server answers beside the table. */
function opsPaths(): Json {
  const page = (summary: string, mediaType: string, schema: Json): Json => ({
    summary,
    tags: ['ops'],
    security: [],
    responses: { '200': { description: 'Success', content: { [mediaType]: { schema } } } },
  })
  const ready = page('Whether every dependency answers', 'application/json', readiness)
  const unready = { description: 'A dependency is down', content: { 'application/json': { schema: readiness } } }
  return {
    '/livez': { get: page('Whether the process serves', 'application/json', { type: 'object' }) },
    '/readyz': { get: { ...ready, responses: { ...(ready['responses'] as Json), '503': unready } } },
    '/metrics': { get: page('Metrics for Prometheus', 'text/plain', { type: 'string' }) },
    '/openapi.json': { get: page('This document', 'application/json', { type: 'object' }) },
  }
}

const cookieSchemes = (routes: readonly Route[]): Json =>
  Object.fromEntries(
    routes.flatMap(({ sessionCookie }) =>
      sessionCookie === undefined
        ? []
        : [[sessionCookie.name, { type: 'apiKey', in: 'cookie', name: sessionCookie.name }]],
    ),
  )

export function createOpenApiDocument(options: OpenApiOptions): Json {
  const { routes, rootRoutes = [], base, uploadLimitBytes = defaultUploadLimitBytes } = options
  const writer = createSchemaWriter([...routes, ...rootRoutes])
  const paths: Record<string, Json> = {}
  const add = (route: Route, prefix: string): void => {
    const path = `${prefix}${route.path}`
    paths[path] = { ...paths[path], [route.method]: createOperation(route, { writer, uploadLimitBytes }) }
  }
  for (const route of routes) add(route, base)
  for (const route of rootRoutes) add(route, '')
  const tags = [...new Set([...routes, ...rootRoutes].map((route) => route.tag)), 'ops']
  return {
    openapi: '3.1.0',
    info: { title: 'CDSA', version: contractVersion, description },
    servers: [{ url: '/' }],
    tags: [...new Set(tags)].map((name) => ({ name })),
    paths: { ...paths, ...opsPaths() },
    components: {
      schemas: { ...writer.components, Problem: problemSchema },
      responses: sharedResponses(),
      parameters: sharedParameters,
      headers: sharedHeaders,
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'An access token, by POST /api/v1/auth/login' },
        ...cookieSchemes([...routes, ...rootRoutes]),
      },
    },
  }
}
