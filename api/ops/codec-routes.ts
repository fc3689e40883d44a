// Routes of the codec server: by it Temporal's Web UI and command line show what workflows were given and gave back.
import { z } from 'zod'
import { payloadsLimitBytes, payloadsSchema } from '../../domain/ops/payload.ts'
import { type Route, defineRoute } from '../http/route.ts'
import { codecCookie, codecSessionSeconds, issueCodecCookie } from './codec-session.ts'
import { decodePayloads, encodePayloads } from './convert-payloads.ts'

const tag = 'ops'
const contract = {
  method: 'post',
  tag,
  access: 'ops:read',
  sessionCookie: codecCookie,
  headers: z.object({
    'x-namespace': z.string().max(1_000).optional().describe('Of the workflow; empty: the platform’s own'),
  }),
  body: payloadsSchema,
  bodyLimitBytes: payloadsLimitBytes,
  responses: { 200: payloadsSchema },
} as const

export const codecRoutes: readonly Route[] = [
  defineRoute({
    ...contract,
    path: '/codec/decode',
    summary: 'Decode payloads of workflows',
    description: 'Each call is in the audit log. What can’t be authenticated comes back as `{"$refused": …}`.',
    handle: async (context, { body, headers }) => ({
      status: 200,
      body: await decodePayloads(context, { ...body, namespace: headers['x-namespace'] }),
    }),
  }),
  defineRoute({
    ...contract,
    path: '/codec/encode',
    summary: 'Encode payloads for workflows',
    handle: async (context, { body, headers }) => ({
      status: 200,
      body: await encodePayloads(context, { ...body, namespace: headers['x-namespace'] }),
    }),
  }),
  defineRoute({
    method: 'post',
    path: '/codec/session',
    tag,
    access: 'ops:read',
    sessionOnly: true,
    summary: 'Let this browser’s Temporal Web UI decode payloads',
    description: 'Sets a cookie for `/codec` alone. It ends with the session, and by itself after an hour.',
    responses: { 200: z.object({ expiresIn: z.int().describe('Seconds') }) },
    handle: async (context) => ({
      status: 200,
      body: { expiresIn: codecSessionSeconds },
      headers: { 'Set-Cookie': issueCodecCookie(context) },
    }),
  }),
]
