// The routes of rotation: a secret's policy, “now”, the history, and another look at a rotation in doubt.
import { z } from 'zod'
import { listRotations } from '../../db/vault/rotations.ts'
import { getSecret } from '../../db/vault/secrets.ts'
import { id, pageOf, pageQuery } from '../../domain/resource.ts'
import { putRotationPolicySchema } from '../../domain/vault/rotation-policy.ts'
import { rotationSchema } from '../../domain/vault/rotation.ts'
import { secretSchema } from '../../domain/vault/secret.ts'
import { defineRoute } from '../http/route.ts'
import { changeRotationPolicy, removeRotationPolicy } from './change-rotation-policy.ts'
import { opened } from './opened.ts'
import { probeRotation, rotateNow } from './rotate-secret.ts'

const tag = 'vault'
const params = z.object({ secretId: id })
const rotationBody = z.object({ rotation: rotationSchema })

const policies = [
  defineRoute({
    method: 'put',
    path: '/vault/secrets/{secretId}/rotation-policy',
    access: 'secret:write',
    summary: 'Have a secret rotate by itself',
    description:
      'From then on its values are made by rotations: put, delete and destroy by hand are refused. The first rotation is ' +
      'one interval from now. A policy that refers to another secret needs the permission `secret:use`.',
    tag,
    params,
    body: putRotationPolicySchema,
    responses: { 200: z.object({ secret: secretSchema }) },
    problems: [403],
    handle: async (context, { params: { secretId }, body }) => ({
      status: 200,
      body: { secret: await changeRotationPolicy(context, { secretId, policy: body }) },
    }),
  }),
  defineRoute({
    method: 'delete',
    path: '/vault/secrets/{secretId}/rotation-policy',
    access: 'secret:write',
    summary: 'Stop a secret’s rotation',
    description: 'A rotation that is under way goes on to its end.',
    tag,
    params,
    responses: { 204: null },
    handle: async (context, { params }) => {
      await removeRotationPolicy(context, params.secretId)
      return { status: 204 }
    },
  }),
]

const rotations = [
  defineRoute({
    method: 'post',
    path: '/vault/secrets/{secretId}/rotate',
    access: 'secret:write',
    summary: 'Rotate a secret now',
    description: 'While a rotation is under way, until its old value is refused, the answer is that rotation.',
    tag,
    params,
    responses: { 202: rotationBody },
    idempotent: { keep: 'answer' },
    handle: async (context, { params }) => ({
      status: 202,
      body: { rotation: await rotateNow(context, params.secretId) },
    }),
  }),
  defineRoute({
    method: 'get',
    path: '/vault/secrets/{secretId}/rotations',
    access: 'secret:read',
    summary: 'List a secret’s rotations',
    tag,
    params,
    query: pageQuery,
    responses: { 200: pageOf(rotationSchema) },
    handle: async ({ db }, { params, query }) => {
      await getSecret(db, params.secretId)
      return { status: 200, body: await listRotations(db, params.secretId, query) }
    },
  }),
  defineRoute({
    method: 'post',
    path: '/vault/secrets/{secretId}/rotations/{rotationId}/probe',
    access: 'secret:write',
    summary: 'Look again which value works, for a rotation in doubt',
    tag,
    params: params.extend({ rotationId: id }),
    responses: { 202: rotationBody },
    handle: async (context, { params }) => ({ status: 202, body: { rotation: await probeRotation(context, params) } }),
  }),
]

export const rotationRoutes = [...policies, ...rotations].map(opened)
