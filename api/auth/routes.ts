// Routes of sign-in, of one's own account, and of the administration of users.
import { z } from 'zod'
import {
  loginSchema,
  patchMeSchema,
  patchUserSchema,
  permissionSchema,
  registerSchema,
  roleSchema,
  tokenSchema,
  userSchema,
} from '../../domain/auth/user.ts'
import { id, pageOf, pageQuery } from '../../domain/resource.ts'
import { type Route, defineRoute } from '../http/route.ts'
import { getMe } from './get-me.ts'
import { getUser } from './get-user.ts'
import { listPermissions, listRoles } from './list-roles.ts'
import { listUsers } from './list-users.ts'
import { login } from './login.ts'
import { logout } from './logout.ts'
import { register } from './register.ts'
import { updateMe } from './update-me.ts'
import { updateUser } from './update-user.ts'

const oneUser = z.object({ user: userSchema })
const userParams = z.strictObject({ userId: id })
/** Answers that hold a token stay out of every cache (RFC 6749 5.1). */
const uncached = { 'cache-control': 'no-store' }

const signIn: readonly Route[] = [
  defineRoute({
    method: 'post',
    path: '/auth/register',
    tag: 'auth',
    summary: 'Register an account',
    access: 'public',
    body: registerSchema,
    bodyLimitBytes: 16_384,
    responses: { 201: oneUser },
    idempotent: { keep: 'id' },
    handle: async (context, { body }) => ({ status: 201, body: { user: await register(context, body) } }),
  }),
  defineRoute({
    method: 'post',
    path: '/auth/login',
    tag: 'auth',
    summary: 'Sign in with a password',
    access: 'public',
    body: loginSchema,
    bodyLimitBytes: 16_384,
    responses: { 200: tokenSchema },
    problems: [401],
    handle: async (context, { body }) => ({ status: 200, body: await login(context, body), headers: uncached }),
  }),
  defineRoute({
    method: 'post',
    path: '/auth/logout',
    tag: 'auth',
    summary: 'End this session',
    access: 'signed-in',
    responses: { 204: null },
    handle: async (context) => {
      await logout(context)
      return { status: 204 }
    },
  }),
  defineRoute({
    method: 'get',
    path: '/auth/me',
    tag: 'auth',
    summary: 'See one’s own account',
    access: 'signed-in',
    responses: { 200: oneUser },
    handle: async (context) => ({ status: 200, body: { user: await getMe(context) } }),
  }),
  defineRoute({
    method: 'patch',
    path: '/auth/me',
    tag: 'auth',
    summary: 'Change one’s own account',
    access: 'signed-in',
    body: patchMeSchema,
    responses: { 200: oneUser },
    handle: async (context, { body }) => ({ status: 200, body: { user: await updateMe(context, body) } }),
  }),
]

const administration: readonly Route[] = [
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
    description: 'Disabling ends the account’s sessions. The last administrator can be neither disabled nor demoted.',
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
    method: 'get',
    path: '/permissions',
    tag: 'users',
    summary: 'List what roles can grant',
    access: 'user:read',
    responses: { 200: pageOf(permissionSchema) },
    handle: async (context) => ({ status: 200, body: await listPermissions(context) }),
  }),
]

export const routes: readonly Route[] = [...signIn, ...administration]
