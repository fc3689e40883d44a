// The routes of the vault itself: whether it is open, and under which key.
import { z } from 'zod'
import { vaultStatusSchema } from '../../domain/vault/secret.ts'
import { defineRoute } from '../http/route.ts'
import { rewrapKeys, rotateKeys } from './change-keys.ts'
import { opened } from './opened.ts'

const tag = 'vault'

const status = defineRoute({
  method: 'get',
  path: '/vault/status',
  access: 'secret:read',
  summary: 'See whether the vault is sealed, and its current key’s id and check value',
  tag,
  responses: { 200: vaultStatusSchema },
  handle: async ({ vault }) => ({ status: 200, body: await vault.status() }),
})

const changes = [
  defineRoute({
    method: 'post',
    path: '/vault/keys/rotate',
    access: 'secret:write',
    summary: 'Seal new values under a new key',
    description:
      'Where the key lies in a file, a new one is made in it. Where CDSA_MASTER_KEY gives the keys, its first one becomes the current one.',
    tag,
    responses: { 200: vaultStatusSchema },
    idempotent: { keep: 'id' },
    handle: async (context) => ({ status: 200, body: await rotateKeys(context) }),
  }),
  defineRoute({
    method: 'post',
    path: '/vault/keys/rewrap',
    access: 'secret:write',
    summary: 'Bring all versions under the current key, in the background',
    tag,
    responses: { 202: z.object({ workflowId: z.string() }) },
    handle: async (context) => ({ status: 202, body: await rewrapKeys(context) }),
  }),
]

export const keyRoutes = [status, ...changes.map(opened)]
