// An upload: the bytes are in the blob store already; here they become a queued document, and its ingestion starts.
import { ensureDefaultCollection, requireCollectionRole } from '../../db/documents/collections.ts'
import { insertDocument } from '../../db/documents/documents.ts'
import type { Document } from '../../domain/documents/document.ts'
import { AppError } from '../../domain/errors.ts'
import { sniffMediaType } from '../../platform/parsing/sniff.ts'
import type { Context } from '../../platform/platform.ts'
import { startCommitted } from '../../platform/start-workflow.ts'
import { ingestDocumentStart, ingestWorkflowId } from '../../workflows/documents/messages.ts'
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
  const collectionId = wanted ?? (await ensureDefaultCollection(db, actor.userId))
  await requireCollectionRole(db, { userId: actor.userId, collectionId, role: 'editor' })
  const mediaType = await sniffMediaType({ path: await blobs.localPath(file.sha256), filename: file.filename })
  const { document, run } = await insertDocument(db, {
    id: newResourceId,
    collectionId,
    ownerId: actor.userId,
    title: title ?? file.filename,
    filename: file.filename,
    mediaType,
    sizeBytes: file.sizeBytes,
    sha256: file.sha256,
  })
  if (document.status === 'queued') {
    await startCommitted(context, ingestDocumentStart({ documentId: document.id, run }, document.ownerId))
  }
  return { document, workflowId: ingestWorkflowId(document.id) }
}
