// A document's elements as the parser found them, page by page of the list.
import { getDocument } from '../../db/documents/documents.ts'
import type { DocumentElement } from '../../domain/documents/element.ts'
import { AppError } from '../../domain/errors.ts'
import type { OffsetQuery, Page } from '../../domain/resource.ts'
import { findElements } from '../../platform/parsing/derived.ts'
import type { Context } from '../../platform/platform.ts'

/** Throws `resource.not_found` until the document has been parsed. The cursor is an offset. */
export async function readElements(
  { db, blobs, actor }: Pick<Context, 'db' | 'blobs' | 'actor'>,
  { documentId, limit, after }: OffsetQuery & { readonly documentId: string },
): Promise<Page<DocumentElement>> {
  const { document } = await getDocument(db, { userId: actor.userId, documentId })
  const parsed = await findElements(blobs, document)
  if (parsed === undefined) throw new AppError('resource.not_found', { detail: 'The document hasn’t been parsed yet.' })
  const { elements } = parsed
  const offset = after ?? 0
  const hasMore = elements.length > offset + limit
  return { data: elements.slice(offset, offset + limit), hasMore, nextCursor: hasMore ? String(offset + limit) : null }
}
