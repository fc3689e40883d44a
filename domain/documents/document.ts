// Documents and collections as clients see them, and what may be asked of them.
import { z } from 'zod'
import { etagVersion, id, pageQuery, timestamp } from '../resource.ts'

export const documentStatuses = ['queued', 'parsing', 'chunking', 'embedding', 'indexed', 'failed'] as const
export type DocumentStatus = (typeof documentStatuses)[number]

export const problemSchema = z
  .object({
    code: z.string(),
    title: z.string(),
    detail: z.string().optional(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'StoredProblem', description: 'Why it failed, and what to change' })

export const documentSchema = z
  .object({
    id,
    collectionId: id,
    ownerId: id,
    title: z.string(),
    filename: z.string(),
    mediaType: z.string(),
    sizeBytes: z.int().nonnegative(),
    sha256: z.string(),
    status: z.enum(documentStatuses),
    progress: z.object({ done: z.int().nonnegative(), total: z.int().nonnegative() }),
    problem: problemSchema.nullable(),
    pageCount: z.int().nullable(),
    chunkCount: z.int().nullable(),
    createdAt: timestamp,
    updatedAt: timestamp,
    indexedAt: timestamp.nullable(),
  })
  .meta({ id: 'Document' })
export type Document = z.infer<typeof documentSchema>

const title = z.string().trim().min(1).max(300)

export const uploadFieldsSchema = z.strictObject({ collectionId: id.optional(), title: title.optional() })
export const patchDocumentSchema = z.strictObject({ title })
export const listDocumentsQuerySchema = pageQuery.extend({
  collectionId: id.optional(),
  status: z.enum(documentStatuses).optional(),
})

export const collectionRoles = ['reader', 'editor', 'owner'] as const
export type CollectionRole = (typeof collectionRoles)[number]

export const collectionSchema = z
  .object({
    id,
    name: z.string(),
    description: z.string(),
    ownerId: id,
    isDefault: z.boolean(),
    /** The caller's role in it. */
    role: z.enum(collectionRoles),
    version: etagVersion,
    createdAt: timestamp,
    updatedAt: timestamp,
  })
  .meta({ id: 'Collection' })
export type Collection = z.infer<typeof collectionSchema>

const collectionName = z.string().trim().min(1).max(200)
const collectionDescription = z.string().trim().max(2_000)
export const createCollectionSchema = z.strictObject({
  name: collectionName,
  description: collectionDescription.default(''),
})
export const patchCollectionSchema = z
  .strictObject({ name: collectionName.optional(), description: collectionDescription.optional() })
  .refine((patch) => Object.keys(patch).length > 0, 'name at least one field to change')

export const memberSchema = z
  .object({ userId: id, email: z.string(), displayName: z.string(), role: z.enum(collectionRoles) })
  .meta({ id: 'CollectionMember' })
export type CollectionMember = z.infer<typeof memberSchema>
export const putMemberSchema = z.strictObject({ role: z.enum(collectionRoles) })
