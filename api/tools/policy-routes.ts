// The routes of approval policies: whoever decides on calls may see the rules, administrators change them.
import { z } from 'zod'
import { getApprovalPolicy, listApprovalPolicies } from '../../db/tools/approval-policies.ts'
import {
  type ApprovalPolicy,
  approvalPolicySchema,
  changeApprovalPolicySchema,
  createApprovalPolicySchema,
} from '../../domain/tools/approval.ts'
import { id, pageOf, pageQuery } from '../../domain/resource.ts'
import { etagOf, versionOf } from '../http/entity-version.ts'
import { type Reply, defineRoute } from '../http/route.ts'
import { changePolicy, makePolicy, removePolicy } from './change-policy.ts'

const tag = 'approvals'
const params = z.object({ policyId: id })
const policyBody = z.object({ policy: approvalPolicySchema })

const reply = (status: 200 | 201, policy: ApprovalPolicy): Reply => ({
  status,
  body: { policy },
  headers: etagOf(policy),
})

const changing = [
  defineRoute({
    method: 'post',
    path: '/approval-policies',
    access: 'approval:write',
    summary: 'Say who must approve the calls of which tools',
    description:
      '`match` holds names of tools, in which `*` stands for any characters. A tool’s own `policyId` goes before all ' +
      'others, then the policy with the longest match. Without one, somebody with the role `approver` decides within a ' +
      'day. `quorum` people with one of `approverRoles` must approve; one denial ends it. `escalation` adds roles as time ' +
      'passes, and after `timeoutSeconds` nobody can approve any more. `exempt` lets tools that users have made run ' +
      'without an approval where they don’t ask for one themselves.',
    tag,
    body: createApprovalPolicySchema,
    responses: { 201: policyBody },
    idempotent: { keep: 'answer' },
    handle: async (context, { body }) => reply(201, await makePolicy(context, body)),
  }),
  defineRoute({
    method: 'patch',
    path: '/approval-policies/{policyId}',
    access: 'approval:write',
    summary: 'Change an approval policy',
    description:
      'What is left out stays. What was approved under the rules before, and hasn’t run yet, is asked for again.',
    tag,
    params,
    body: changeApprovalPolicySchema,
    responses: { 200: policyBody },
    handle: async (context, { params, body, ifMatch }) =>
      reply(
        200,
        await changePolicy(context, { ...params, patch: body, ifVersion: versionOf(ifMatch, 'approval policy') }),
      ),
  }),
  defineRoute({
    method: 'delete',
    path: '/approval-policies/{policyId}',
    access: 'approval:write',
    summary: 'Delete an approval policy that no tool names',
    tag,
    params,
    responses: { 204: null },
    handle: async (context, { params, ifMatch }) => {
      await removePolicy(context, { ...params, ifVersion: versionOf(ifMatch, 'approval policy') })
      return { status: 204 }
    },
  }),
]

const reading = [
  defineRoute({
    method: 'get',
    path: '/approval-policies',
    access: 'approval:decide',
    summary: 'List the approval policies',
    tag,
    query: pageQuery,
    responses: { 200: pageOf(approvalPolicySchema) },
    handle: async ({ db }, { query }) => ({ status: 200, body: await listApprovalPolicies(db, query) }),
  }),
  defineRoute({
    method: 'get',
    path: '/approval-policies/{policyId}',
    access: 'approval:decide',
    summary: 'Read an approval policy',
    tag,
    params,
    responses: { 200: policyBody },
    handle: async ({ db }, { params }) => reply(200, await getApprovalPolicy(db, params.policyId)),
  }),
]

export const policyRoutes = [...changing, ...reading]
