// Routes of one's own sessions and API keys.
import { z } from 'zod'
import { listApiKeys } from '../../db/auth/api-keys.ts'
import { listSessions } from '../../db/auth/sessions.ts'
import { apiKeySchema, createApiKeySchema, madeApiKeySchema, sessionSchema } from '../../domain/auth/session.ts'
import { id, pageOf, pageQuery } from '../../domain/resource.ts'
import { type Route, defineRoute } from '../http/route.ts'
import { uncached } from './begin-session.ts'
import { createApiKey, deleteApiKey } from './change-api-keys.ts'
import { endSession } from './end-session.ts'
import { sessionOf } from './session-of.ts'

const sessions: readonly Route[] = [
  defineRoute({
    method: 'get',
    path: '/auth/sessions',
    tag: 'auth',
    summary: 'List where one is signed in, newest first',
    access: 'signed-in',
    sessionOnly: true,
    query: pageQuery,
    responses: { 200: pageOf(sessionSchema) },
    handle: async ({ db, actor }, { query }) => {
      const { userId, sessionId: currentId } = sessionOf(actor)
      return { status: 200, body: await listSessions(db, { userId, currentId }, query) }
    },
  }),
  defineRoute({
    method: 'delete',
    path: '/auth/sessions/{sessionId}',
    tag: 'auth',
    summary: 'End one of one’s own sessions',
    access: 'signed-in',
    sessionOnly: true,
    params: z.strictObject({ sessionId: id }),
    responses: { 204: null },
    handle: async (context, { params }) => {
      await endSession(context, params.sessionId)
      return { status: 204 }
    },
  }),
]

const apiKeys: readonly Route[] = [
  defineRoute({
    method: 'get',
    path: '/auth/api-keys',
    tag: 'auth',
    summary: 'List one’s own API keys, newest first',
    access: 'signed-in',
    sessionOnly: true,
    query: pageQuery,
    responses: { 200: pageOf(apiKeySchema) },
    handle: async ({ db, actor }, { query }) => ({ status: 200, body: await listApiKeys(db, actor.userId, query) }),
  }),
  defineRoute({
    method: 'post',
    path: '/auth/api-keys',
    tag: 'auth',
    summary: 'Make an API key',
    description: 'It may do what its scopes name, as far as its owner may do it. The key is shown this once.',
    access: 'signed-in',
    sessionOnly: true,
    limit: 'api-keys',
    body: createApiKeySchema,
    responses: { 201: madeApiKeySchema },
    idempotent: { keep: 'id' },
    handle: async (context, { body }) => ({
      status: 201,
      body: await createApiKey(context, body),
      headers: uncached,
    }),
  }),
  defineRoute({
    method: 'delete',
    path: '/auth/api-keys/{keyId}',
    tag: 'auth',
    summary: 'End an API key',
    access: 'signed-in',
    sessionOnly: true,
    params: z.strictObject({ keyId: id }),
    responses: { 204: null },
    handle: async (context, { params }) => {
      await deleteApiKey(context, { keyId: params.keyId, userId: context.actor.userId })
      return { status: 204 }
    },
  }),
]

export const sessionRoutes: readonly Route[] = [...sessions, ...apiKeys]
