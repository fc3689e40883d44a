// An upload: the bytes are in the blob store already; here they become a queued document, and its ingestion starts.
import type { Db } from '../../db/database.ts'
import { ensureDefaultCollection, requireCollectionRole } from '../../db/documents/collections.ts'
import { insertDocument } from '../../db/documents/documents.ts'
import type { Document } from '../../domain/documents/document.ts'
import { AppError } from '../../domain/errors.ts'
import { sniffMediaType } from '../../platform/parsing/sniff.ts'
import type { Context } from '../../platform/platform.ts'
import { startCommitted } from '../../platform/temporal/start-workflow.ts'
import { ingestDocumentStart, ingestWorkflowId } from '../../workflows/documents/messages.ts'
import { audited } from '../audit/audited.ts'
import type { UploadedFile } from '../http/route.ts'

export interface UploadInput {
  readonly file: UploadedFile | undefined
  readonly collectionId?: string | undefined
  readonly title?: string | undefined
}

/** The same bytes again in the same collection give the document that is there, and change nothing. */
export async function uploadDocument(
  context: Context,
  { file, collectionId: wanted, title }: UploadInput,
): Promise<{ readonly document: Document; readonly workflowId: string }> {
  const { db, blobs, actor, newResourceId } = context
  if (file === undefined) throw new AppError('request.invalid', { detail: 'Send the document as the part “file”.' })
  if (file.sizeBytes === 0) throw new AppError('document.empty', { detail: 'The file has no bytes.' })
  if (wanted !== undefined) await requireEditor(db, actor.userId, wanted)
  const mediaType = await sniffMediaType({ path: await blobs.localPath(file.sha256), filename: file.filename })
  const { document, run } = await audited(
    context,
    async (tx) => {
      const collectionId = wanted ?? (await ensureDefaultCollection(tx, actor.userId))
      await requireEditor(tx, actor.userId, collectionId)
      const { filename, sizeBytes, sha256 } = file
      const ids = { id: newResourceId, collectionId, ownerId: actor.userId }
      return insertDocument(tx, { ...ids, title: title ?? filename, filename, mediaType, sizeBytes, sha256 })
    },
    ({ made, document: { id, collectionId } }) =>
      made ? { action: 'document.create', resource: { type: 'document', id }, details: { collectionId } } : undefined,
  )
  if (document.status === 'queued') {
    await startCommitted(context, ingestDocumentStart({ documentId: document.id, run }, document.ownerId))
  }
  return { document, workflowId: ingestWorkflowId(document.id) }
}

const requireEditor = (db: Db, userId: string, collectionId: string): Promise<unknown> =>
  requireCollectionRole(db, { userId, collectionId, role: 'editor' })
