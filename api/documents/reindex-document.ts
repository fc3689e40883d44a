// Reads a document again: mends a failed one, or follows a better parser.
import { requeueDocument } from '../../db/documents/documents.ts'
import type { Document } from '../../domain/documents/document.ts'
import type { Context } from '../../platform/platform.ts'
import { startCommitted } from '../../platform/temporal/start-workflow.ts'
import { ingestDocumentStart, ingestWorkflowId } from '../../workflows/documents/messages.ts'
import { audited } from '../audit/audited.ts'

/** Throws `document.busy` while a run is under way. What is indexed stays searchable until the new run replaces it. */
export async function reindexDocument(
  context: Context,
  documentId: string,
): Promise<{ readonly document: Document; readonly workflowId: string }> {
  const { document, run } = await audited(
    context,
    (tx) => requeueDocument(tx, { userId: context.actor.userId, documentId }),
    (queued) => ({
      action: 'document.reindex',
      resource: { type: 'document', id: documentId },
      details: { run: queued.run },
    }),
  )
  await startCommitted(context, ingestDocumentStart({ documentId, run }, document.ownerId))
  return { document, workflowId: ingestWorkflowId(documentId) }
}
