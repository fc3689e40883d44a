// Sessions and API keys as their owners see them. What grants access is shown once, where it is made.
import { z } from 'zod'
import { id, timestamp } from '../resource.ts'
import { type Permission, permissions } from './permission.ts'
import { isText, notText } from './user.ts'

export const sessionSchema = z
  .object({
    id,
    /** The one that asks. */
    current: z.boolean(),
    /** How it was begun. */
    method: z.enum(['password', 'oidc']),
    createdAt: timestamp,
    /** To about a minute. */
    lastSeenAt: timestamp,
    /** From where it was begun. */
    ip: z.string().nullable(),
    userAgent: z.string().nullable(),
  })
  .meta({ id: 'Session' })
export type Session = z.infer<typeof sessionSchema>

const maxScopes = 100
const scope = z.enum(permissions as [Permission, ...Permission[]])

export const apiKeySchema = z
  .object({
    id,
    name: z.string(),
    /** Permissions that it may use, as far as its owner has them. */
    scopes: z.array(z.string()),
    createdAt: timestamp,
    expiresAt: timestamp.nullable(),
    /** To about a minute. */
    lastUsedAt: timestamp.nullable(),
  })
  .meta({ id: 'ApiKey' })
export type ApiKey = z.infer<typeof apiKeySchema>

export const createApiKeySchema = z.strictObject({
  name: z.string().normalize('NFC').trim().min(1).max(100).refine(isText, notText),
  scopes: z
    .array(scope)
    .min(1)
    .max(maxScopes)
    .transform((names) => [...new Set(names)].sort())
    .describe('Permissions, of those that the owner has'),
  expiresAt: timestamp
    .refine((time) => Date.parse(time) > Date.now(), 'lies in the future')
    .optional()
    .describe('Without it the key holds until it is deleted'),
})
export type CreateApiKey = z.infer<typeof createApiKeySchema>

export const madeApiKeySchema = z.object({
  apiKey: apiKeySchema,
  key: z.string().describe('Shown this once; sent as a bearer token'),
})
