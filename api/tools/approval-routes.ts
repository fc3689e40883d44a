// The routes of approvals: what waits, what would run, and the decisions.
import { z } from 'zod'
import { getApproval, listApprovals } from '../../db/tools/approvals.ts'
import { id, pageOf, pageQuery } from '../../domain/resource.ts'
import {
  approvalSchema,
  approvalStatuses,
  approvalTokenSchema,
  decideApprovalSchema,
  delegateApprovalSchema,
} from '../../domain/tools/approval.ts'
import { defineRoute } from '../http/route.ts'
import { decideApproval, delegateApproval, mintToken } from './decide-approval.ts'

const tag = 'approvals'
const params = z.object({ approvalId: id })
const approvalBody = z.object({ approval: approvalSchema })

const reading = [
  defineRoute({
    method: 'get',
    path: '/approvals',
    access: 'tool:read',
    summary: 'List approvals',
    description:
      'Those that you have asked for, may decide, or have had a part in. `?status=pending` is what waits: yours to ' +
      'decide are those whose `requesterId` isn’t you.',
    tag,
    query: pageQuery.extend({ status: z.enum(approvalStatuses).optional() }),
    responses: { 200: pageOf(approvalSchema) },
    handle: async ({ db, actor }, { query }) => ({ status: 200, body: await listApprovals(db, actor.userId, query) }),
  }),
  defineRoute({
    method: 'get',
    path: '/approvals/{approvalId}',
    access: 'tool:read',
    summary: 'Read an approval: the arguments, and in `preview` what would be sent where',
    tag,
    params,
    responses: { 200: approvalBody },
    handle: async ({ db, actor }, { params: { approvalId } }) => ({
      status: 200,
      body: { approval: (await getApproval(db, { approvalId, userId: actor.userId })).approval },
    }),
  }),
]

const deciding = [
  defineRoute({
    method: 'post',
    path: '/approvals/{approvalId}/decide',
    access: 'approval:decide',
    sessionOnly: true,
    summary: 'Approve or deny a tool call',
    description:
      'One denial ends it; as many approvals as its `quorum` let it run, as it was read and no other way. `arguments` ' +
      'puts others in the place of those asked for, where `allowEdit` is set: the votes before count no more then, and ' +
      '`argumentsHash` must name the arguments that you have read. Nobody decides on a request of their own.',
    tag,
    params,
    body: decideApprovalSchema,
    responses: { 200: approvalBody },
    problems: [403, 409],
    handle: async (context, { params: { approvalId }, body }) => ({
      status: 200,
      body: { approval: await decideApproval(context, approvalId, body) },
    }),
  }),
  defineRoute({
    method: 'post',
    path: '/approvals/{approvalId}/delegate',
    access: 'approval:decide',
    sessionOnly: true,
    summary: 'Have somebody decide in your place',
    description: 'They need the permission to decide, and may not be the one who asked. Your own voice rests then.',
    tag,
    params,
    body: delegateApprovalSchema,
    responses: { 200: approvalBody },
    problems: [403, 409],
    handle: async (context, { params: { approvalId }, body }) => ({
      status: 200,
      body: { approval: await delegateApproval(context, approvalId, body) },
    }),
  }),
  defineRoute({
    method: 'post',
    path: '/approvals/{approvalId}/token',
    access: 'approval:decide',
    sessionOnly: true,
    summary: 'Get a token to decide with through Temporal, as an operator does',
    description:
      'It says what the body says, for five minutes, once: send `{"token": …}` by the Update `decide` (or `delegate`, ' +
      'for a body with `userId`), or by the Signal `decideBySignal` (`delegateBySignal`), to the approval’s `workflowId`.',
    tag,
    params,
    body: approvalTokenSchema,
    responses: { 200: z.object({ token: z.string(), expiresAt: z.iso.datetime() }) },
    problems: [403, 409],
    handle: async (context, { params: { approvalId }, body }) => ({
      status: 200,
      body: await mintToken(context, approvalId, body),
    }),
  }),
]

export const approvalRoutes = [...reading, ...deciding]
