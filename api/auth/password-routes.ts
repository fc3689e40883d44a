// Routes that set a password: with the one before, or by a link from a mail.
import { changePasswordSchema, forgotPasswordSchema, resetPasswordSchema } from '../../domain/auth/password.ts'
import { endedCookie, refreshCookie } from '../http/cookies.ts'
import { type Route, defineRoute } from '../http/route.ts'
import { changePassword } from './change-password.ts'
import { forgotPassword } from './forgot-password.ts'
import { resetPassword } from './reset-password.ts'

const bodyLimitBytes = 16_384

export const passwordRoutes: readonly Route[] = [
  defineRoute({
    method: 'post',
    path: '/auth/password',
    tag: 'auth',
    summary: 'Change one’s own password',
    description: 'Ends every session of the account, this one too, and all of its API keys.',
    access: 'signed-in',
    sessionOnly: true,
    limit: 'password-change',
    body: changePasswordSchema,
    bodyLimitBytes,
    responses: { 204: null },
    problems: [409],
    handle: async (context, { body }) => {
      await changePassword(context, body)
      return { status: 204, headers: { 'set-cookie': endedCookie(refreshCookie) } }
    },
  }),
  defineRoute({
    method: 'post',
    path: '/auth/password/forgot',
    tag: 'auth',
    summary: 'Have a link mailed that sets a new password',
    description: 'The answer is the same whether somebody has the address or not. The link holds for an hour.',
    access: 'public',
    limit: 'password-forgot',
    body: forgotPasswordSchema,
    bodyLimitBytes,
    responses: { 202: null },
    handle: async (context, { body }) => {
      await forgotPassword(context, body)
      return { status: 202 }
    },
  }),
  defineRoute({
    method: 'post',
    path: '/auth/password/reset',
    tag: 'auth',
    summary: 'Set a password by a link',
    description: 'Ends every session of the account and all of its API keys. A link is good for one password.',
    access: 'public',
    limit: 'password-reset',
    body: resetPasswordSchema,
    bodyLimitBytes,
    responses: { 204: null },
    handle: async (context, { body }) => {
      await resetPassword(context, body)
      return { status: 204 }
    },
  }),
]
