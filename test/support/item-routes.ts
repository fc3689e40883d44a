// A small route table for tests of the HTTP kernel: one route for each way in which input comes.
import { z } from 'zod'
import { type Route, defineRoute } from '../../api/http/route.ts'
import { id } from '../../domain/resource.ts'
import type { Context } from '../../platform/platform.ts'

const item = z.strictObject({
  title: z.string().min(1).max(100),
  count: z.number().int().optional(),
  tags: z.array(z.string()).default([]),
  extra: z.unknown().optional(),
})
const base = { tag: 'items', summary: 'An item' } as const

export const itemId = '0198c0de-0000-7000-8000-000000000001'

/** What a handler was given. */
export interface Seen {
  readonly context: Context
  readonly input: Readonly<Record<string, unknown>>
}

/** `onCall` is told what `GET /items/{itemId}` was given. */
export const createItemRoutes = (onCall: (seen: Seen) => void = () => {}): Route[] => [
  defineRoute({
    ...base,
    method: 'get',
    path: '/items/{itemId}',
    access: 'signed-in',
    params: z.object({ itemId: id }),
    query: z.strictObject({ limit: z.coerce.number().int().min(1).max(100).default(20), q: z.string().optional() }),
    responses: { 200: z.object({ itemId: z.string(), limit: z.number(), q: z.string().optional() }) },
    handle: async (context, input) => {
      onCall({ context, input: { ...input } })
      return { status: 200, body: { ...input.params, ...input.query }, headers: { ETag: '"7"' } }
    },
  }),
  defineRoute({
    ...base,
    method: 'get',
    path: '/items/{name}/by-name',
    access: 'public',
    params: z.object({ name: z.string() }),
    responses: { 200: z.object({ name: z.string() }) },
    handle: async (_context, { params }) => ({ status: 200, body: params }),
  }),
  defineRoute({
    ...base,
    method: 'get',
    path: '/items/newest',
    access: 'public',
    responses: { 200: z.object({ newest: z.boolean() }) },
    handle: async () => ({ status: 200, body: { newest: true } }),
  }),
  defineRoute({
    ...base,
    method: 'post',
    path: '/items',
    access: 'document:write',
    body: item,
    responses: { 201: z.object({ item }) },
    handle: async (_context, { body }) => ({ status: 201, body: { item: body } }),
  }),
  defineRoute({
    ...base,
    method: 'post',
    path: '/small',
    access: 'public',
    body: z.object({ text: z.string().optional() }),
    bodyLimitBytes: 100,
    responses: { 200: z.object({ length: z.number() }) },
    handle: async (_context, { body }) => ({ status: 200, body: { length: body.text?.length ?? -1 } }),
  }),
  defineRoute({
    ...base,
    method: 'delete',
    path: '/items/{itemId}',
    access: 'public',
    responses: { 204: null },
    handle: async (_context, { ifMatch }) => ({ status: 204, headers: { 'X-If-Match': String(ifMatch) } }),
  }),
]
