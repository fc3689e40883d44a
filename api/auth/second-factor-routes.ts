// Routes of one's own second factor. What they show is shown once, and stays out of every cache.
import { newFactorSchema, otpBodySchema, recoveryCodesSchema } from '../../domain/auth/second-factor.ts'
import { type Route, defineRoute } from '../http/route.ts'
import { uncached } from './begin-session.ts'
import { beginSecondFactor, confirmSecondFactor, deleteSecondFactor } from './change-second-factor.ts'

export const secondFactorRoutes: readonly Route[] = [
  defineRoute({
    method: 'post',
    path: '/auth/totp',
    tag: 'auth',
    summary: 'Begin a second factor by one-time codes',
    description: 'It counts once it is confirmed. Asking again replaces one that isn’t confirmed.',
    access: 'signed-in',
    sessionOnly: true,
    limit: 'second-factor',
    responses: { 201: newFactorSchema },
    problems: [409],
    handle: async (context) => ({ status: 201, body: await beginSecondFactor(context), headers: uncached }),
  }),
  defineRoute({
    method: 'post',
    path: '/auth/totp/confirm',
    tag: 'auth',
    summary: 'Confirm the second factor by its first code',
    access: 'signed-in',
    sessionOnly: true,
    limit: 'second-factor',
    body: otpBodySchema,
    responses: { 200: recoveryCodesSchema },
    problems: [404, 409],
    handle: async (context, { body }) => ({
      status: 200,
      body: await confirmSecondFactor(context, body.code),
      headers: uncached,
    }),
  }),
  defineRoute({
    method: 'delete',
    path: '/auth/totp',
    tag: 'auth',
    summary: 'Remove the second factor',
    description: 'By a one-time code or a recovery code. Sessions stay as they are.',
    access: 'signed-in',
    sessionOnly: true,
    limit: 'second-factor',
    body: otpBodySchema,
    responses: { 204: null },
    problems: [404],
    handle: async (context, { body }) => {
      await deleteSecondFactor(context, body.code)
      return { status: 204 }
    },
  }),
]
