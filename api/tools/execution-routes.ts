// The routes of runs: everybody sees their own, follows them, and may cancel them.
import { z } from 'zod'
import { getExecution, listExecutions } from '../../db/tools/executions.ts'
import { executionSchema, listExecutionsQuerySchema } from '../../domain/tools/execution.ts'
import { id, pageOf } from '../../domain/resource.ts'
import { defineRoute } from '../http/route.ts'
import { cancelExecution } from './cancel-execution.ts'
import { followExecution } from './follow-execution.ts'

const tag = 'tools'
const params = z.object({ executionId: id })
const executionBody = z.object({ execution: executionSchema })

export const executionRoutes = [
  defineRoute({
    method: 'get',
    path: '/tool-executions',
    access: 'tool:execute',
    summary: 'List your runs of tools, also those that a model asked for in your chats',
    tag,
    query: listExecutionsQuerySchema,
    responses: { 200: pageOf(executionSchema) },
    handle: async ({ db, actor }, { query }) => ({ status: 200, body: await listExecutions(db, actor.userId, query) }),
  }),
  defineRoute({
    method: 'get',
    path: '/tool-executions/{executionId}',
    access: 'tool:execute',
    summary: 'Read a run',
    description:
      '`result` is what the tool gave, where it succeeded; `problem` says why it didn’t. While `status` is ' +
      '`pending_approval`, `approvalId` names what somebody else decides on.',
    tag,
    params,
    responses: { 200: executionBody },
    handle: async ({ db, actor }, { params }) => ({
      status: 200,
      body: { execution: await getExecution(db, { userId: actor.userId, ...params }) },
    }),
  }),
  defineRoute({
    method: 'get',
    path: '/tool-executions/{executionId}/events',
    access: 'tool:execute',
    summary: 'Follow a run from its present state to its end',
    description: 'Resumes after `Last-Event-ID`; 204 once the end was seen.',
    tag,
    params,
    responses: { 204: null },
    events: { 'execution.updated': executionBody },
    handle: async (context, { params, lastEventId }) => {
      const followed = await followExecution(context, { ...params, lastEventId })
      return followed === undefined ? { status: 204 } : { status: 200, events: followed }
    },
  }),
  defineRoute({
    method: 'post',
    path: '/tool-executions/{executionId}/cancel',
    access: 'tool:execute',
    summary: 'Cancel a run, whether it waits or runs',
    description: 'What the tool has done outside by then stays done.',
    tag,
    params,
    responses: { 202: executionBody },
    handle: async (context, { params }) => ({
      status: 202,
      body: { execution: await cancelExecution(context, params.executionId) },
    }),
  }),
]
