// Secrets as clients see them, and what may be asked of them. Versions, labels and `cas` mean what they mean in Vault's
// KV v2 and in AWS Secrets Manager. No schema of an answer but one holds a value.
import { z } from 'zod'
import { id, pageQuery, timestamp } from '../resource.ts'
import { parseOrigin } from './origin.ts'
import { rotationPolicySchema } from './rotation.ts'

/** In UTF-8. */
const maxValueBytes = 65_536
/** A deleted secret can be restored for so long. */
export const restorableDays = 30
const defaultMaxVersions = 10
const maxVersionNumber = 2_147_483_647

/** Of these, each is on one version of a secret at most. */
export const uniqueLabels = ['CURRENT', 'PENDING', 'PREVIOUS'] as const
export type UniqueLabel = (typeof uniqueLabels)[number]
/** ABANDONED marks every value that a rotation may have sent to its target without seeing it work. */
export const labels = [...uniqueLabels, 'ABANDONED'] as const
export type Label = (typeof labels)[number]

const versionStates = ['active', 'deleted', 'destroyed'] as const

/** Segments of letters, digits, `_`, `.` and `-`, with `/` between them; none begins with a dot. */
export const secretPath = z
  .string()
  .max(200)
  .regex(
    /^[A-Za-z0-9_-][A-Za-z0-9_.-]*(?:\/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*$/,
    'is segments of A–Z, a–z, 0–9, _, . and -, joined by /',
  )
const description = z.string().trim().max(2_000)
const tag = z.string().trim().min(1).max(100)
const tags = z
  .array(tag)
  .max(50)
  .transform((list) => [...new Set(list)])
const destinations = z
  .array(
    z
      .string()
      .max(300)
      .transform((text, context) => {
        const origin = parseOrigin(text)
        if (origin !== undefined) return origin
        context.addIssue({ code: 'custom', message: 'is an origin such as https://api.example.org, without a path' })
        return z.NEVER
      }),
  )
  .max(50)
  .transform((list) => [...new Set(list)])
const maxVersions = z.int().min(1).max(100)
export const versionNumber = z.coerce.number().int().min(1).max(maxVersionNumber)

const value = z
  .string()
  .min(1)
  .max(maxValueBytes)
  .refine((text) => new TextEncoder().encode(text).length <= maxValueBytes, 'has more than 64 KiB in UTF-8')

const labelsByName = z.object({
  CURRENT: z.int().optional(),
  PENDING: z.int().optional(),
  PREVIOUS: z.int().optional(),
})

export const secretSchema = z
  .object({
    id,
    path: z.string(),
    description: z.string(),
    tags: z.array(z.string()),
    /** Origins that the value may be sent to; none by default. */
    destinations: z.array(z.string()),
    /** What the label CURRENT is on; null before there is any. */
    currentVersion: z.int().nullable(),
    labels: labelsByName,
    maxVersions: z.int(),
    /** Its values are made by a rotation policy: they can’t be put, deleted or destroyed by hand. */
    managed: z.boolean(),
    rotation: rotationPolicySchema.nullable(),
    createdBy: id.nullable(),
    createdAt: timestamp,
    updatedAt: timestamp,
    /** Then it can be restored for 30 days. */
    deletedAt: timestamp.nullable(),
  })
  .meta({ id: 'Secret' })
export type Secret = z.infer<typeof secretSchema>

export const secretVersionSchema = z
  .object({
    id,
    version: z.int(),
    state: z.enum(versionStates),
    labels: z.array(z.enum(labels)),
    createdBy: id.nullable(),
    createdAt: timestamp,
    deletedAt: timestamp.nullable(),
    destroyedAt: timestamp.nullable(),
  })
  .meta({ id: 'SecretVersion' })
export type SecretVersion = z.infer<typeof secretVersionSchema>

export const secretAccessSchema = z
  .object({
    id,
    version: z.int(),
    actorType: z.enum(['user', 'system']),
    actorId: z.string().nullable(),
    /** By a request of the API, or by the work of a workflow. */
    purpose: z.string(),
    requestId: z.string().nullable(),
    workflowId: z.string().nullable(),
    at: timestamp,
  })
  .meta({ id: 'SecretAccess' })
export type SecretAccess = z.infer<typeof secretAccessSchema>

export const createSecretSchema = z.strictObject({
  path: secretPath,
  value,
  description: description.default(''),
  tags: tags.default([]),
  destinations: destinations.default([]),
  maxVersions: maxVersions.default(defaultMaxVersions),
})
export type CreateSecret = z.infer<typeof createSecretSchema>

export const patchSecretSchema = z
  .strictObject({
    description: description.optional(),
    tags: tags.optional(),
    destinations: destinations.optional(),
    maxVersions: maxVersions.optional(),
  })
  .refine((patch) => Object.keys(patch).length > 0, 'name at least one field to change')
export type PatchSecret = z.infer<typeof patchSecretSchema>

export const putVersionSchema = z.strictObject({
  value,
  cas: z
    .int()
    .min(0)
    .max(maxVersionNumber)
    .optional()
    .describe('The write happens only if this is the current version; 0: only if there is none'),
})

export const listSecretsQuerySchema = pageQuery.extend({
  prefix: z.string().max(200).optional().describe('Of the path'),
  tag: tag.optional(),
  deleted: z
    .enum(['true', 'false'])
    .default('false')
    .describe('true: those that can still be restored, instead of the others'),
})
export type ListSecretsQuery = z.infer<typeof listSecretsQuerySchema>

export const readValueQuerySchema = z
  .strictObject({
    version: versionNumber.optional(),
    label: z.enum(uniqueLabels).optional().describe('CURRENT unless a version or a label is named'),
  })
  .refine(({ version, label }) => version === undefined || label === undefined, 'name a version or a label, not both')

export const secretValueSchema = z.object({ value: z.string(), version: z.int(), labels: z.array(z.enum(labels)) })

export const vaultStatusSchema = z
  .object({
    /** True while a key that it was sealed with is missing or another one: then nothing else here answers. */
    sealed: z.boolean(),
    /** The key that new values are sealed with. */
    keyId: z.string(),
    /** What tells whether a key is the same, and nothing about it. */
    kcv: z.string(),
    /** The first key of the configuration. */
    configuredKeyId: z.string(),
    configuredKcv: z.string(),
    /** Versions that a rewrap would bring under the current key. */
    staleVersions: z.int(),
  })
  .meta({ id: 'VaultStatus' })
export type VaultStatus = z.infer<typeof vaultStatusSchema>
