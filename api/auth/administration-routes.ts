// Routes of the administration of users.
import { z } from 'zod'
import { createUserSchema, patchUserSchema, userSchema } from '../../domain/auth/user.ts'
import { id, pageOf, pageQuery } from '../../domain/resource.ts'
import { type Route, defineRoute } from '../http/route.ts'
import { deleteSecondFactorOf } from './change-second-factor.ts'
import { createUser } from './create-user.ts'
import { getUser } from './get-user.ts'
import { listUsers } from './list-users.ts'
import { unlinkIdentities } from './unlink-identities.ts'
import { updateUser } from './update-user.ts'

const oneUser = z.object({ user: userSchema })
const userParams = z.strictObject({ userId: id })

export const administrationRoutes: readonly Route[] = [
  defineRoute({
    method: 'get',
    path: '/users',
    tag: 'users',
    summary: 'List accounts, newest first',
    access: 'user:read',
    query: pageQuery,
    responses: { 200: pageOf(userSchema) },
    handle: async (context, { query }) => ({ status: 200, body: await listUsers(context, query) }),
  }),
  defineRoute({
    method: 'get',
    path: '/users/{userId}',
    tag: 'users',
    summary: 'See an account',
    access: 'user:read',
    params: userParams,
    responses: { 200: oneUser },
    handle: async (context, { params }) => ({ status: 200, body: { user: await getUser(context, params.userId) } }),
  }),
  defineRoute({
    method: 'patch',
    path: '/users/{userId}',
    tag: 'users',
    summary: 'Change an account’s name or roles, or disable it',
    description:
      'Disabling ends the account’s sessions. The last administrator can be neither disabled nor demoted, and nobody adds a role that grants what they may not do.',
    access: 'user:write',
    params: userParams,
    body: patchUserSchema,
    responses: { 200: oneUser },
    handle: async (context, { params, body }) => ({
      status: 200,
      body: { user: await updateUser(context, { userId: params.userId, patch: body }) },
    }),
  }),
  defineRoute({
    method: 'post',
    path: '/users',
    tag: 'users',
    summary: 'Make an account',
    description: 'It has no password: a link that sets one is mailed to its address, and holds for 72 hours.',
    access: 'user:write',
    sessionOnly: true,
    body: createUserSchema,
    responses: { 201: oneUser },
    problems: [409],
    idempotent: { keep: 'id' },
    handle: async (context, { body }) => ({ status: 201, body: { user: await createUser(context, body) } }),
  }),
  defineRoute({
    method: 'delete',
    path: '/users/{userId}/totp',
    tag: 'users',
    summary: 'Remove the second factor of somebody who has lost it',
    access: 'user:write',
    sessionOnly: true,
    params: userParams,
    responses: { 204: null },
    handle: async (context, { params }) => {
      await deleteSecondFactorOf(context, params.userId)
      return { status: 204 }
    },
  }),
  defineRoute({
    method: 'delete',
    path: '/users/{userId}/identities',
    tag: 'users',
    summary: 'Unlink an account from whoever signs in to it by OpenID Connect',
    description: 'Its sessions end. The next person whom the provider gives the account’s address is linked to it.',
    access: 'user:write',
    sessionOnly: true,
    params: userParams,
    responses: { 204: null },
    handle: async (context, { params }) => {
      await unlinkIdentities(context, params.userId)
      return { status: 204 }
    },
  }),
]
