// The routes of the audit log: events to read, proofs and checkpoints to check, and the whole of it to take away.
import { Readable } from 'node:stream'
import { z } from 'zod'
import { findLatestCheckpoint, listCheckpoints } from '../../db/audit/checkpoints.ts'
import { firstOrNotFound } from '../../db/database.ts'
import {
  auditEventSchema,
  auditKeySchema,
  checkpointSchema,
  consistencyQuerySchema,
  consistencySchema,
  exportQuerySchema,
  inclusionQuerySchema,
  inclusionSchema,
  listAuditEventsQuerySchema,
} from '../../domain/audit/views.ts'
import { id, pageOf, pageQuery } from '../../domain/resource.ts'
import { defineRoute } from '../http/route.ts'
import { exportEvents } from './export-events.ts'
import { listKeys } from './list-keys.ts'
import { proveConsistency, proveInclusion } from './prove.ts'
import { readEvent, readEvents } from './read-events.ts'
import { sealLog } from './seal-log.ts'

const base = { tag: 'audit', method: 'get', access: 'audit:read' } as const

const events = [
  defineRoute({
    ...base,
    path: '/audit/events',
    summary: 'List events, newest first',
    query: listAuditEventsQuerySchema,
    responses: { 200: pageOf(auditEventSchema) },
    handle: async ({ db }, { query: { limit, after, ...filter } }) => ({
      status: 200,
      body: await readEvents(db, filter, { limit, after }),
    }),
  }),
  defineRoute({
    ...base,
    path: '/audit/events/{eventId}',
    summary: 'Read an event',
    params: z.object({ eventId: id }),
    responses: { 200: z.object({ event: auditEventSchema }) },
    handle: async ({ db }, { params }) => ({ status: 200, body: { event: await readEvent(db, params.eventId) } }),
  }),
  defineRoute({
    ...base,
    path: '/audit/export',
    summary: 'Take the log away, to verify it offline or to read it in a table',
    description:
      'NDJSON is the whole log up to the newest checkpoint: one `{leafIndex, leafHash, leaf, disclosures}` a line (`leaf` is null where retention dropped it), the last line is `{checkpoint}`. CSV is readable, newest first, and may be filtered; cells that a spreadsheet would run and characters that a terminal would are written differently.',
    query: exportQuerySchema,
    mediaTypes: ['application/x-ndjson', 'text/csv'],
    responses: { 200: null },
    problems: [409],
    handle: (context, { query }) => exportEvents(context, query),
  }),
]

const proofs = [
  defineRoute({
    ...base,
    path: '/audit/checkpoints',
    summary: 'List checkpoints, newest first',
    query: pageQuery,
    responses: { 200: pageOf(checkpointSchema) },
    handle: async ({ db }, { query }) => {
      const { data, ...rest } = await listCheckpoints(db, query)
      const views = data.map(({ at, root, ...checkpoint }) => {
        return { ...checkpoint, root: root.toString('base64'), createdAt: at.toISOString() }
      })
      return { status: 200, body: { ...rest, data: views } }
    },
  }),
  defineRoute({
    ...base,
    path: '/audit/checkpoints/latest',
    summary: 'Read the newest checkpoint, to keep it elsewhere',
    mediaTypes: ['text/plain'],
    responses: { 200: null },
    problems: [404],
    handle: async ({ db }) => {
      const latest = await findLatestCheckpoint(db)
      const { note } = firstOrNotFound(latest === undefined ? [] : [latest], 'checkpoint')
      return { status: 200, bytes: Readable.from([note]), headers: { 'Content-Type': 'text/plain; charset=utf-8' } }
    },
  }),
  defineRoute({
    ...base,
    path: '/audit/proofs/inclusion',
    summary: 'Prove that an event is in the log',
    query: inclusionQuerySchema,
    responses: { 200: inclusionSchema },
    problems: [404, 409],
    handle: async ({ db }, { query }) => ({ status: 200, body: await proveInclusion(db, query) }),
  }),
  defineRoute({
    ...base,
    path: '/audit/proofs/consistency',
    summary: 'Prove that one checkpoint continues another',
    query: consistencyQuerySchema,
    responses: { 200: consistencySchema },
    problems: [404],
    handle: async ({ db }, { query }) => ({ status: 200, body: await proveConsistency(db, query) }),
  }),
  defineRoute({
    ...base,
    path: '/audit/keys',
    summary: 'List the public keys that checkpoints are signed with',
    responses: { 200: z.object({ keys: z.array(auditKeySchema) }) },
    handle: async (context) => ({ status: 200, body: { keys: await listKeys(context) } }),
  }),
]

const sealing = defineRoute({
  ...base,
  method: 'post',
  path: '/audit/seal',
  access: 'ops:write',
  summary: 'Seal the log now instead of on schedule',
  responses: { 202: z.object({ workflowId: z.string() }) },
  handle: async (context) => ({ status: 202, body: await sealLog(context) }),
})

export const auditRoutes = [...events, ...proofs, sealing]
