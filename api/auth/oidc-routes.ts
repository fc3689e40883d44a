// Routes of sign-in by OpenID Connect. A browser is led to both of them, so they answer by leading it on.
import { z } from 'zod'
import { returnToSchema } from '../../domain/auth/return-to.ts'
import { endedCookie } from '../http/cookies.ts'
import { type Route, defineRoute } from '../http/route.ts'
import { beginOidc } from './begin-oidc.ts'
import { cookiesOf, uncached } from './begin-session.ts'
import { finishOidc } from './finish-oidc.ts'
import { oidcCookie } from './oidc-flow.ts'

/** Providers put in what they like; whoever comes with one of these twice is refused. */
const text = z.string().max(4_096).optional()
const answerSchema = z.object({ code: text, state: text, iss: text, error: text })

export const oidcRoutes: readonly Route[] = [
  defineRoute({
    method: 'get',
    path: '/auth/oidc/start',
    tag: 'auth',
    summary: 'Sign in with OpenID Connect',
    description: 'Leads a browser to the provider, and from there back to the callback.',
    access: 'public',
    limit: 'oidc',
    query: z.strictObject({
      returnTo: returnToSchema.default('/').describe('Where to go afterwards: a path of this origin'),
    }),
    responses: { 302: null },
    problems: [404],
    handle: async (context, { query }) => {
      const { location, cookie } = await beginOidc(context, query.returnTo)
      return { status: 302, headers: { ...uncached, location, 'set-cookie': cookie } }
    },
  }),
  defineRoute({
    method: 'get',
    path: '/auth/oidc/callback',
    tag: 'auth',
    summary: 'Come back from the OpenID Connect provider',
    description: 'Leads to `returnTo`, with the refresh cookie set: `POST /auth/refresh` then gives an access token.',
    access: 'public',
    limit: 'oidc',
    endsCookie: oidcCookie,
    query: answerSchema,
    responses: { 302: null },
    problems: [401, 403, 404],
    handle: async (context, { query }) => {
      const { begun, returnTo } = await finishOidc(context, query)
      const cookies = [...cookiesOf(begun), endedCookie(oidcCookie)]
      return { status: 302, headers: { ...uncached, location: returnTo, 'set-cookie': cookies } }
    },
  }),
]
