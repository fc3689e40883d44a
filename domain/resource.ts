// What all resources share: ids, times, and the paging of lists.
import { z } from 'zod'

/** A UUID (version 7 where we made it). */
export const id = z.uuid()
/** RFC 3339 in UTC. */
export const timestamp = z.iso.datetime()
/** Rises with every change; sent as the resource's ETag. */
export const etagVersion = z.int().positive()

const maxPageSize = 100
export const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(maxPageSize).default(20),
  after: id.optional().describe('The nextCursor of the page before'),
})
export type PageQuery = z.infer<typeof pageQuery>

/** For lists in a fixed order of their own, such as a document's chunks: the cursor is a position. */
export const offsetQuery = pageQuery.extend({
  after: z.coerce.number().int().min(0).max(1_000_000_000).optional().describe('The nextCursor of the page before'),
})
export type OffsetQuery = z.infer<typeof offsetQuery>

/** The form of every list; newest first unless its route says otherwise. */
export interface Page<Item> {
  readonly data: readonly Item[]
  readonly hasMore: boolean
  readonly nextCursor: string | null
}

export const pageOf = <S extends z.ZodType>(item: S) =>
  z.object({ data: z.array(item), hasMore: z.boolean(), nextCursor: z.string().nullable() })

/** Cuts a result of `limit + 1` rows, ordered by descending id, into a page; the cursor is the last row's id. */
export function toPage<Item extends { readonly id: string }>(rows: readonly Item[], limit: number): Page<Item> {
  const data = rows.slice(0, limit)
  const hasMore = rows.length > limit
  return { data, hasMore, nextCursor: hasMore ? (data.at(-1)?.id ?? null) : null }
}
