// Searching in documents: semantic (vectors), keyword (full text), hybrid (both, by reciprocal rank fusion).
import { z } from 'zod'
import { id } from '../resource.ts'

export const searchModes = ['semantic', 'keyword', 'hybrid'] as const
export type SearchMode = (typeof searchModes)[number]

const searchStrategies = ['plain'] as const

export const searchRequestSchema = z.strictObject({
  query: z.string().trim().min(1).max(2_000),
  mode: z.enum(searchModes).default('hybrid'),
  /** How the query is worked on before the search: `plain` takes it as it is. */
  strategy: z.enum(searchStrategies).default('plain'),
  k: z.int().min(1).max(50).default(10),
  collectionIds: z.array(id).max(100).optional(),
  documentIds: z.array(id).max(100).optional(),
})
export type SearchRequest = z.infer<typeof searchRequestSchema>

export const searchResultSchema = z
  .object({
    chunkId: id,
    documentId: id,
    documentTitle: z.string(),
    text: z.string(),
    /** What the results are ordered by: fused rank, cosine similarity or text rank, by mode. Higher is better. */
    score: z.number(),
    scores: z.object({ semantic: z.number().optional(), keyword: z.number().optional() }),
    page: z.int().nullable(),
    headingPath: z.array(z.string()),
    bbox: z.tuple([z.number(), z.number(), z.number(), z.number()]).optional(),
  })
  .meta({ id: 'SearchResult' })
export type SearchResult = z.infer<typeof searchResultSchema>

export const searchResponseSchema = z.object({
  results: z.array(searchResultSchema),
  timingsMs: z.object({ embed: z.number(), search: z.number(), total: z.number() }),
})
