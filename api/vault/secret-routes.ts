// The routes of secrets as a whole, and of who was given their values.
import { z } from 'zod'
import { listAccesses } from '../../db/vault/access-log.ts'
import { getSecret, listSecrets } from '../../db/vault/secrets.ts'
import { id, pageOf, pageQuery } from '../../domain/resource.ts'
import {
  createSecretSchema,
  listSecretsQuerySchema,
  patchSecretSchema,
  secretAccessSchema,
  secretSchema,
} from '../../domain/vault/secret.ts'
import { defineRoute } from '../http/route.ts'
import { deleteSecret, purgeSecret, restoreSecret, updateSecret } from './change-secret.ts'
import { createSecret } from './create-secret.ts'
import { opened } from './opened.ts'

const tag = 'vault'
const params = z.object({ secretId: id })
const secretBody = z.object({ secret: secretSchema })

const whole = [
  defineRoute({
    method: 'post',
    path: '/vault/secrets',
    access: 'secret:write',
    summary: 'Create a secret with its first version',
    tag,
    body: createSecretSchema,
    responses: { 201: secretBody },
    idempotent: { keep: 'id' },
    handle: async (context, { body }) => ({ status: 201, body: { secret: await createSecret(context, body) } }),
  }),
  defineRoute({
    method: 'get',
    path: '/vault/secrets',
    access: 'secret:read',
    summary: 'List secrets, without their values',
    tag,
    query: listSecretsQuerySchema,
    responses: { 200: pageOf(secretSchema) },
    handle: async ({ db }, { query }) => ({ status: 200, body: await listSecrets(db, query) }),
  }),
  defineRoute({
    method: 'get',
    path: '/vault/secrets/{secretId}',
    access: 'secret:read',
    summary: 'See a secret, without its value',
    tag,
    params,
    responses: { 200: secretBody },
    handle: async ({ db }, { params }) => ({
      status: 200,
      body: { secret: await getSecret(db, params.secretId) },
    }),
  }),
  defineRoute({
    method: 'patch',
    path: '/vault/secrets/{secretId}',
    access: 'secret:write',
    summary: 'Change what a secret is for, where it may be sent, or how many versions are kept',
    tag,
    params,
    body: patchSecretSchema,
    responses: { 200: secretBody },
    handle: async (context, { params, body }) => ({
      status: 200,
      body: { secret: await updateSecret(context, params.secretId, body) },
    }),
  }),
]

const ending = [
  defineRoute({
    method: 'delete',
    path: '/vault/secrets/{secretId}',
    access: 'secret:write',
    summary: 'Delete a secret; for 30 days it can be restored',
    tag,
    params,
    responses: { 204: null },
    handle: async (context, { params }) => {
      await deleteSecret(context, params.secretId)
      return { status: 204 }
    },
  }),
  defineRoute({
    method: 'post',
    path: '/vault/secrets/{secretId}/restore',
    access: 'secret:write',
    summary: 'Restore a deleted secret',
    tag,
    params,
    responses: { 200: secretBody },
    handle: async (context, { params }) => ({
      status: 200,
      body: { secret: await restoreSecret(context, params.secretId) },
    }),
  }),
  defineRoute({
    method: 'post',
    path: '/vault/secrets/{secretId}/purge',
    access: 'secret:write',
    summary: 'Remove a deleted secret for good, with all its versions',
    tag,
    params,
    responses: { 204: null },
    handle: async (context, { params }) => {
      await purgeSecret(context, params.secretId)
      return { status: 204 }
    },
  }),
  defineRoute({
    method: 'get',
    path: '/vault/secrets/{secretId}/access-log',
    access: 'secret:read',
    summary: 'See who was given the secret’s value',
    tag,
    params,
    query: pageQuery,
    responses: { 200: pageOf(secretAccessSchema) },
    handle: async ({ db }, { params, query }) => {
      await getSecret(db, params.secretId)
      return { status: 200, body: await listAccesses(db, params.secretId, query) }
    },
  }),
]

export const secretRoutes = [...whole, ...ending].map(opened)
