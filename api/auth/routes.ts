// Routes of sign-in and of one's own account.
import { z } from 'zod'
import {
  loginSchema,
  patchMeSchema,
  refreshSchema,
  registerSchema,
  tokenSchema,
  userSchema,
} from '../../domain/auth/user.ts'
import { type Route, defineRoute } from '../http/route.ts'
import { signedInReply } from './begin-session.ts'
import { endedCookie, refreshCookie } from '../http/cookies.ts'
import { getMe } from './get-me.ts'
import { login } from './login.ts'
import { logout, refreshTokenCookie } from './logout.ts'
import { refresh } from './refresh.ts'
import { register } from './register.ts'
import { updateMe } from './update-me.ts'

const oneUser = z.object({ user: userSchema })
const bodyLimitBytes = 16_384

const signIn: readonly Route[] = [
  defineRoute({
    method: 'post',
    path: '/auth/register',
    tag: 'auth',
    summary: 'Register an account',
    access: 'public',
    limit: 'register',
    body: registerSchema,
    bodyLimitBytes,
    responses: { 201: oneUser },
    problems: [403],
    idempotent: { keep: 'id' },
    handle: async (context, { body }) => ({ status: 201, body: { user: await register(context, body) } }),
  }),
  defineRoute({
    method: 'post',
    path: '/auth/login',
    tag: 'auth',
    summary: 'Sign in with a password',
    description: 'Browsers also get the refresh token as a cookie that no script reads.',
    access: 'public',
    body: loginSchema,
    bodyLimitBytes,
    responses: { 200: tokenSchema },
    problems: [401],
    handle: async (context, { body }) => signedInReply(await login(context, body)),
  }),
  defineRoute({
    method: 'post',
    path: '/auth/refresh',
    tag: 'auth',
    summary: 'Exchange a refresh token for the next pair of tokens',
    description:
      'A token is good for one exchange. The same one again within ten seconds gets the same answer, later it ends the session.',
    access: 'public',
    sameOrigin: true,
    limit: 'refresh',
    body: refreshSchema,
    bodyLimitBytes,
    responses: { 200: tokenSchema },
    problems: [401],
    handle: async (context, { body }) => {
      const { byCookie, ...begun } = await refresh(context, body)
      const reply = signedInReply(begun)
      const { refreshToken: _, ...shown } = begun.token
      return byCookie ? { ...reply, body: shown } : reply
    },
  }),
  defineRoute({
    method: 'post',
    path: '/auth/logout',
    tag: 'auth',
    summary: 'End this session',
    access: 'signed-in',
    sessionOnly: true,
    sameOrigin: true,
    sessionCookie: refreshTokenCookie,
    responses: { 204: null },
    handle: async (context) => {
      await logout(context)
      return { status: 204, headers: { 'set-cookie': endedCookie(refreshCookie) } }
    },
  }),
]

const ownAccount: readonly Route[] = [
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
    sessionOnly: true,
    body: patchMeSchema,
    responses: { 200: oneUser },
    handle: async (context, { body }) => ({ status: 200, body: { user: await updateMe(context, body) } }),
  }),
]

export const routes: readonly Route[] = [...signIn, ...ownAccount]
