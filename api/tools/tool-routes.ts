// The routes of tools: what there is to call, and who may change it; running one; and what became of the runs.
import { z } from 'zod'
import { getTool, listTools, toPublicTool } from '../../db/tools/tools.ts'
import { executeToolSchema, executionSchema } from '../../domain/tools/execution.ts'
import { id, pageOf, pageQuery } from '../../domain/resource.ts'
import { statsQuerySchema, toolStatsSchema } from '../../domain/tools/stats.ts'
import { type Tool, changeToolSchema, createToolSchema, toolSchema } from '../../domain/tools/tool.ts'
import { etagOf, versionOf } from '../http/entity-version.ts'
import { type Reply, defineRoute } from '../http/route.ts'
import { changeTool, makeTool, removeTool } from './change-tool.ts'
import { executeTool } from './execute-tool.ts'
import { readToolStats } from './read-stats.ts'

const tag = 'tools'
const params = z.object({ toolId: id })
const toolBody = z.object({ tool: toolSchema })
const statsBody = z.object({ stats: toolStatsSchema })

const reply = (status: 200 | 201, tool: Tool): Reply => ({ status, body: { tool }, headers: etagOf(tool) })

const creating = [
  defineRoute({
    method: 'post',
    path: '/tools',
    access: 'tool:write',
    summary: 'Register a tool: an HTTP request that models and people may make',
    description:
      '`inputSchema` is the JSON Schema of the arguments: of type `object`, with `"additionalProperties": false`. In ' +
      '`config` {method, url, headers, body}, `{{name}}` stands for an argument, encoded for its place, and ' +
      '`{{arguments}}` for all of them as JSON. There is no placeholder in the URL’s scheme, host or port. A header’s ' +
      'whole value may be `secret://path#version`: the secret must list the URL’s origin among its destinations, and ' +
      'whoever stores it needs `secret:use`. Each call needs an approval, also with `"requiresApproval": false`, unless ' +
      'an approval policy that matches the tool exempts it. Naming a `policyId` needs `approval:write`.',
    tag,
    body: createToolSchema,
    responses: { 201: toolBody },
    idempotent: { keep: 'answer' },
    handle: async (context, { body }) => reply(201, await makeTool(context, body)),
  }),
  defineRoute({
    method: 'patch',
    path: '/tools/{toolId}',
    access: 'tool:write',
    summary: 'Change a tool, which makes a new version of it',
    description:
      'What is left out stays. A version never changes: a call that was approved for one isn’t run with another. Of a ' +
      'built-in tool, `config`, `enabled`, `policyId`, `requiresApproval` and `cacheTtlSeconds` may be changed; the ' +
      '`config` of `query_database` is {databases: {name: {host, port, tls, ca, dsn}}}, that of the others is empty. ' +
      '`policyId`, and freeing a built-in tool of approval, need `approval:write`.',
    tag,
    params,
    body: changeToolSchema,
    responses: { 200: toolBody },
    handle: async (context, { params, body, ifMatch }) =>
      reply(200, await changeTool(context, { ...params, patch: body, ifVersion: versionOf(ifMatch, 'tool') })),
  }),
  defineRoute({
    method: 'delete',
    path: '/tools/{toolId}',
    access: 'tool:write',
    summary: 'Delete a tool; its runs stay',
    description: 'A built-in tool can’t be deleted, but switched off.',
    tag,
    params,
    responses: { 204: null },
    handle: async (context, { params, ifMatch }) => {
      await removeTool(context, { ...params, ifVersion: versionOf(ifMatch, 'tool') })
      return { status: 204 }
    },
  }),
  defineRoute({
    method: 'post',
    path: '/tools/{toolId}/execute',
    access: 'tool:execute',
    limit: 'executions',
    summary: 'Run a tool',
    description:
      'The answer comes before the tool has run: follow `/tool-executions/{executionId}/events`. Where the call needs an ' +
      'approval, it waits for that. An equal call of yours may be answered with its kept result, unless `noCache` is set.',
    tag,
    params,
    body: executeToolSchema,
    responses: { 202: z.object({ execution: executionSchema }) },
    idempotent: { keep: 'answer' },
    handle: async (context, { params, body }) => ({
      status: 202,
      body: { execution: await executeTool(context, { ...params, ...body }) },
    }),
  }),
]

const reading = [
  defineRoute({
    method: 'get',
    path: '/tools',
    access: 'tool:read',
    summary: 'List the tools that there are',
    tag,
    query: pageQuery,
    responses: { 200: pageOf(toolSchema) },
    handle: async ({ db }, { query }) => ({ status: 200, body: await listTools(db, query) }),
  }),
  defineRoute({
    method: 'get',
    path: '/tools/{toolId}',
    access: 'tool:read',
    summary: 'Read a tool',
    tag,
    params,
    responses: { 200: toolBody },
    handle: async ({ db }, { params }) => reply(200, toPublicTool(await getTool(db, params.toolId))),
  }),
  defineRoute({
    method: 'get',
    path: '/tools/stats',
    access: 'tool:read',
    summary: 'See what became of runs: counts, times, waits',
    description: 'Of your own runs; of everybody’s with `scope=all`, which needs `tool:write`.',
    tag,
    query: statsQuerySchema,
    responses: { 200: statsBody },
    handle: async (context, { query }) => ({ status: 200, body: { stats: await readToolStats(context, query) } }),
  }),
  defineRoute({
    method: 'get',
    path: '/tools/{toolId}/stats',
    access: 'tool:read',
    summary: 'See what became of a tool’s runs',
    description: 'Of your own runs; of everybody’s with `scope=all`, which needs `tool:write`.',
    tag,
    params,
    query: statsQuerySchema,
    responses: { 200: statsBody },
    handle: async (context, { params, query }) => {
      await getTool(context.db, params.toolId)
      return { status: 200, body: { stats: await readToolStats(context, { ...params, ...query }) } }
    },
  }),
]

export const toolRoutes = [...creating, ...reading]
