// What a client may send has a declared upper bound everywhere: a walk over the document of the API's own table.
import { expect } from 'chai'
import { z } from 'zod'
import { createOpenApiDocument } from '../../../api/http/openapi.ts'
import { routes } from '../../../api/routes.ts'
import { type OpenApiDocument, type Schema, resolve } from '../../support/openapi-document.ts'

const documentOf = (table: typeof routes) =>
  createOpenApiDocument({ routes: table, base: '/api/v1' }) as unknown as OpenApiDocument

/** Formats whose every value is short. */
const shortFormats: ReadonlySet<unknown> = new Set(['uuid', 'date-time', 'date'])

/** The paths of the parts that have no bound. A schema that says nothing of its type takes anything, so it is one. */
function unbounded(document: OpenApiDocument, given: Schema, path: string): string[] {
  const schema = resolve(document, given)
  if (schema.enum !== undefined || schema.const !== undefined) return []
  const alternatives = schema.anyOf ?? schema.oneOf
  if (alternatives !== undefined)
    return alternatives.flatMap((part, index) => unbounded(document, part, `${path}|${index}`))
  const fault = (bounded: boolean): string[] => (bounded ? [] : [path])
  switch (schema.type ?? 'any') {
    case 'boolean':
    case 'null':
      return []
    case 'string':
      // A file's bytes are bounded by the body's.
      return fault(schema.maxLength !== undefined || shortFormats.has(schema.format) || schema.format === 'binary')
    case 'integer':
    case 'number':
      return fault(schema.minimum !== undefined && schema.maximum !== undefined)
    case 'array':
      return [...fault(schema.maxItems !== undefined), ...unbounded(document, schema.items ?? {}, `${path}[]`)]
    case 'object': {
      const closed = schema.additionalProperties === false || schema.maxProperties !== undefined
      const parts = Object.entries(schema.properties ?? {}).flatMap(([name, part]) =>
        unbounded(document, part, `${path}.${name}`),
      )
      return [...fault(closed), ...parts]
    }
    default:
      return [path]
  }
}

function unboundedOf(document: OpenApiDocument): string[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).flatMap(([method, operation]) => {
      const where = `${method} ${path}`
      const parameters = (operation.parameters ?? []).flatMap((given) => {
        const { name, schema } = resolve(document, given)
        return unbounded(document, schema, `${where} ${name}`)
      })
      const { requestBody } = operation
      if (requestBody === undefined) return parameters
      const bodies = Object.values(requestBody.content).flatMap(({ schema = {} }) =>
        unbounded(document, schema, `${where} body`),
      )
      const hasLimit = Number.isSafeInteger(requestBody['x-limit-bytes']) && operation.responses['413'] !== undefined
      return [...parameters, ...bodies, ...(hasLimit ? [] : [`${where} bytes`])]
    }),
  )
}

describe('the bounds of requests', () => {
  it('are declared for every text, list, number and body', () => {
    expect(unboundedOf(documentOf(routes))).to.deep.equal([])
  })

  it('are missed by the walk where one is left out', () => {
    const [chats] = routes.filter(({ path, method }) => path === '/chats' && method === 'post')
    if (chats === undefined) throw new Error('There is no such route.')
    const open = [{ ...chats, body: z.object({ a: z.string(), b: z.array(z.int().min(0)), c: z.unknown() }) }]
    expect(unboundedOf(documentOf(open))).to.have.members([
      'post /api/v1/chats body',
      'post /api/v1/chats body.a',
      'post /api/v1/chats body.b',
      'post /api/v1/chats body.c',
    ])
  })
})
