// Routes of roles, of what they grant, and of the keys of services.
import { z } from 'zod'
import { listApiKeys } from '../../db/auth/api-keys.ts'
import { getRole } from '../../db/auth/role-changes.ts'
import { apiKeySchema, createApiKeySchema, madeApiKeySchema } from '../../domain/auth/session.ts'
import { createRoleSchema, patchRoleSchema, permissionSchema, roleSchema } from '../../domain/auth/user.ts'
import { id, pageOf, pageQuery } from '../../domain/resource.ts'
import { type Route, defineRoute } from '../http/route.ts'
import { uncached } from './begin-session.ts'
import { createApiKey, deleteApiKey } from './change-api-keys.ts'
import { changeRole, createRole, deleteRole } from './change-role.ts'
import { listPermissions, listRoles } from './list-roles.ts'

const oneRole = z.object({ role: roleSchema })
const roleParams = z.strictObject({ roleId: id })

const roles: readonly Route[] = [
  defineRoute({
    method: 'get',
    path: '/roles',
    tag: 'users',
    summary: 'List roles, newest first',
    access: 'user:read',
    query: pageQuery,
    responses: { 200: pageOf(roleSchema) },
    handle: async (context, { query }) => ({ status: 200, body: await listRoles(context, query) }),
  }),
  defineRoute({
    method: 'post',
    path: '/roles',
    tag: 'users',
    summary: 'Make a role',
    description: 'Its permissions are some of those that whoever makes it has.',
    access: 'user:write',
    body: createRoleSchema,
    responses: { 201: oneRole },
    idempotent: { keep: 'answer' },
    handle: async (context, { body }) => ({ status: 201, body: { role: await createRole(context, body) } }),
  }),
  defineRoute({
    method: 'get',
    path: '/roles/{roleId}',
    tag: 'users',
    summary: 'See a role',
    access: 'user:read',
    params: roleParams,
    responses: { 200: oneRole },
    handle: async ({ db }, { params }) => ({ status: 200, body: { role: await getRole(db, params.roleId) } }),
  }),
  defineRoute({
    method: 'patch',
    path: '/roles/{roleId}',
    tag: 'users',
    summary: 'Change a role, for everybody who has it',
    description: 'Built-in roles keep their names, and the administrators’ keeps every permission.',
    access: 'user:write',
    params: roleParams,
    body: patchRoleSchema,
    responses: { 200: oneRole },
    handle: async (context, { params, body }) => ({
      status: 200,
      body: { role: await changeRole(context, params.roleId, body) },
    }),
  }),
  defineRoute({
    method: 'delete',
    path: '/roles/{roleId}',
    tag: 'users',
    summary: 'Delete a role that isn’t built in, and take it from everybody',
    access: 'user:write',
    params: roleParams,
    responses: { 204: null },
    handle: async (context, { params }) => {
      await deleteRole(context, params.roleId)
      return { status: 204 }
    },
  }),
  defineRoute({
    method: 'get',
    path: '/permissions',
    tag: 'users',
    summary: 'List what roles can grant',
    access: 'user:read',
    responses: { 200: pageOf(permissionSchema) },
    handle: async (context) => ({ status: 200, body: await listPermissions(context) }),
  }),
]

const userParams = z.strictObject({ userId: id })

const serviceKeys: readonly Route[] = [
  defineRoute({
    method: 'get',
    path: '/users/{userId}/api-keys',
    tag: 'users',
    summary: 'List an account’s API keys, newest first',
    access: 'user:read',
    params: userParams,
    query: pageQuery,
    responses: { 200: pageOf(apiKeySchema) },
    handle: async ({ db }, { params, query }) => ({ status: 200, body: await listApiKeys(db, params.userId, query) }),
  }),
  defineRoute({
    method: 'post',
    path: '/users/{userId}/api-keys',
    tag: 'users',
    summary: 'Grant a service account an API key',
    description:
      'For an account with the role `service`, which has no permission by itself: its key may do what the scopes name, ' +
      'which are some of those that whoever grants it has. The key is shown this once.',
    access: 'user:write',
    sessionOnly: true,
    limit: 'api-keys',
    params: userParams,
    body: createApiKeySchema,
    responses: { 201: madeApiKeySchema },
    idempotent: { keep: 'id' },
    handle: async (context, { params, body }) => ({
      status: 201,
      body: await createApiKey(context, body, params.userId),
      headers: uncached,
    }),
  }),
  defineRoute({
    method: 'delete',
    path: '/users/{userId}/api-keys/{keyId}',
    tag: 'users',
    summary: 'End an account’s API key',
    access: 'user:write',
    params: userParams.extend({ keyId: id }),
    responses: { 204: null },
    handle: async (context, { params }) => {
      await deleteApiKey(context, params)
      return { status: 204 }
    },
  }),
]

export const roleRoutes: readonly Route[] = [...roles, ...serviceKeys]
