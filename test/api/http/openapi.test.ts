import { Validator } from '@seriousme/openapi-schema-validator'
import { expect } from 'chai'
import { z } from 'zod'
import { createOpenApiDocument } from '../../../api/http/openapi.ts'
import { type Route, defineRoute } from '../../../api/http/route.ts'
import { routes as allRoutes } from '../../../api/routes.ts'
import { id } from '../../../domain/resource.ts'

const colour = z.object({ name: z.string(), shade: z.number().default(1) }).meta({ id: 'TestColour' })
const thing = z.object({ id, colour, madeAt: z.iso.datetime() }).meta({ id: 'TestThing' })
type Tree = { name: string; children: Tree[] }
const tree: z.ZodType<Tree> = z.object({ name: z.string(), children: z.lazy(() => z.array(tree)) })
const base = { tag: 'things', summary: 'A thing' } as const

const routes: Route[] = [
  defineRoute({
    ...base,
    method: 'put',
    path: '/things/{thingId}',
    access: 'document:write',
    params: z.object({ thingId: id.describe('Which thing') }),
    query: z.strictObject({ limit: z.coerce.number().int().max(9).default(3), must: z.string() }),
    body: z.strictObject({ thing, tree }),
    bodyLimitBytes: 2_000,
    responses: { 200: z.object({ thing, tree }) },
    idempotent: { keep: 'answer' },
    handle: async () => ({ status: 200 }),
  }),
  defineRoute({
    ...base,
    method: 'get',
    path: '/things/{thingId}/events',
    access: 'signed-in',
    params: z.object({ thingId: id }),
    responses: {},
    events: { 'thing.changed': z.object({ thing }) },
    handle: async () => ({ status: 204 }),
  }),
  defineRoute({
    ...base,
    method: 'post',
    path: '/files',
    access: 'public',
    multipart: true,
    body: z.strictObject({ title: z.string(), note: z.string().optional() }),
    responses: { 202: null },
    handle: async () => ({ status: 202 }),
  }),
]

const document = (table: readonly Route[]) => createOpenApiDocument({ routes: table, base: '/api/v1' })

/** The value at a path of keys. */
const at = (value: unknown, ...keys: readonly string[]): unknown =>
  keys.reduce<unknown>((part, key) => (part as Record<string, unknown> | undefined)?.[key], value)

describe('createOpenApiDocument', () => {
  const made = document(routes)
  const put = at(made, 'paths', '/api/v1/things/{thingId}', 'put')
  const events = at(made, 'paths', '/api/v1/things/{thingId}/events', 'get')

  it('is valid OpenAPI 3.1, for this table and for the API’s own', async () => {
    for (const table of [routes, allRoutes, []]) {
      const result = await new Validator().validate(structuredClone(document(table)) as Record<string, unknown>)
      expect(result.errors).to.equal(undefined)
      expect(result.valid).to.equal(true)
    }
  })

  it('has every reference’s target', () => {
    for (const table of [routes, allRoutes]) {
      const whole = document(table)
      const references = [...JSON.stringify(whole).matchAll(/"\$ref":"([^"]+)"/g)].map(
        ([, reference]) => reference ?? '',
      )
      expect(references).to.have.length.above(5)
      for (const reference of references) {
        expect(reference).to.match(/^#\/components\//)
        expect(at(whole, ...reference.slice(2).split('/')), reference).to.be.an('object')
      }
    }
  })

  it('gives every operation an id of its own', () => {
    const text = JSON.stringify(document(allRoutes))
    const ids = [...text.matchAll(/"operationId":"([^"]+)"/g)].map(([, operationId]) => operationId)
    expect(new Set(ids).size).to.equal(ids.length).and.to.equal(allRoutes.length)
  })

  it('tells parameters with their place and their bounds', () => {
    expect(at(put, 'parameters')).to.deep.equal([
      {
        name: 'thingId',
        in: 'path',
        required: true,
        description: 'Which thing',
        schema: { type: 'string', format: 'uuid' },
      },
      {
        name: 'limit',
        in: 'query',
        required: false,
        schema: { type: 'integer', default: 3, maximum: 9, minimum: -9007199254740991 },
      },
      { name: 'must', in: 'query', required: true, schema: { type: 'string' } },
      { $ref: '#/components/parameters/IdempotencyKey' },
      { $ref: '#/components/parameters/IfMatch' },
    ])
  })

  it('tells input from output where a default makes them differ, and shares the rest', () => {
    const required = (name: string) => at(made, 'components', 'schemas', name, 'required')
    expect(required('TestColour')).to.deep.equal(['name', 'shade'])
    expect(required('TestColourInput')).to.deep.equal(['name'])
    expect(JSON.stringify(at(put, 'requestBody'))).to.contain('#/components/schemas/TestThingInput"')
    expect(JSON.stringify(at(put, 'responses', '200'))).to.contain('#/components/schemas/TestThing"')
    const reference = { $ref: '#/components/schemas/TestColourInput' }
    expect(at(made, 'components', 'schemas', 'TestThingInput', 'properties', 'colour')).to.deep.equal(reference)
  })

  it('lets answers grow, and closes what refuses unknown fields', () => {
    expect(at(made, 'components', 'schemas', 'TestThing')).not.to.have.property('additionalProperties')
    const body = at(put, 'requestBody', 'content', 'application/json', 'schema')
    expect(body).to.have.property('additionalProperties', false)
    expect(at(put, 'requestBody', 'x-limit-bytes')).to.equal(2_000)
  })

  it('tells which problems may come, and who may call', () => {
    expect(Object.keys(at(put, 'responses') as object)).to.include.members([
      '400',
      '401',
      '403',
      '404',
      '409',
      '412',
      '413',
      '415',
      '422',
      '500',
      '503',
    ])
    expect(at(put, 'security')).to.deep.equal([{ bearer: ['document:write'] }])
    expect(at(events, 'security')).to.deep.equal([{ bearer: [] }])
    const files = at(made, 'paths', '/api/v1/files', 'post')
    expect(at(files, 'security')).to.deep.equal([])
    expect(Object.keys(at(files, 'responses') as object)).not.to.include.members(['401'])
    const problem = at(made, 'components', 'responses', 'NotFound', 'content', 'application/problem+json', 'schema')
    expect(problem).to.deep.equal({ $ref: '#/components/schemas/Problem' })
  })

  it('tells every problem that a route names itself', () => {
    const api = document(allRoutes)
    const naming = allRoutes.filter(({ problems = [] }) => problems.length > 0)
    expect(naming).not.to.have.length(0)
    for (const { path, method, problems = [] } of naming) {
      const responses = Object.keys(at(api, 'paths', `/api/v1${path}`, method, 'responses') as object)
      expect(responses, `${method} ${path}`).to.include.members(problems.map(String))
    }
  })

  it('tells the events of a stream by name, and that its end is 204', () => {
    const stream = at(events, 'responses', '200', 'content', 'text/event-stream')
    expect(at(stream, 'x-events', 'thing.changed', 'data', 'properties', 'thing')).to.deep.equal({
      $ref: '#/components/schemas/TestThing',
    })
    expect(at(events, 'responses', '204')).to.be.an('object')
    expect(JSON.stringify(at(events, 'parameters'))).to.contain('LastEventId')
  })

  it('tells the form of an upload', () => {
    const form = at(made, 'paths', '/api/v1/files', 'post', 'requestBody', 'content', 'multipart/form-data', 'schema')
    expect(form).to.deep.equal({
      type: 'object',
      properties: {
        file: { type: 'string', format: 'binary' },
        title: { type: 'string' },
        note: { type: 'string' },
      },
      maxProperties: 21,
      required: ['file', 'title'],
    })
  })
})
