// Renames a document, or deletes it with everything derived from it in the index.
import { deleteDocument, renameDocument } from '../../db/documents/documents.ts'
import type { Document } from '../../domain/documents/document.ts'
import type { Context } from '../../platform/platform.ts'
import { type Auditor, audited } from '../audit/audited.ts'

type Changer = Auditor & Pick<Context, 'db' | 'actor'>

/** Throws `resource.not_found`, or `auth.forbidden` to a reader. */
export async function renameOneDocument(
  context: Changer,
  { documentId, title }: { readonly documentId: string; readonly title: string },
): Promise<Document> {
  return await audited(
    context,
    (tx) => renameDocument(tx, { userId: context.actor.userId, documentId, title }),
    () => ({
      action: 'document.update',
      resource: { type: 'document', id: documentId },
      details: { fields: 'title' },
    }),
  )
}

/** Throws `resource.not_found`, or `auth.forbidden` to a reader. */
export async function deleteOneDocument(context: Changer, documentId: string): Promise<void> {
  await audited(
    context,
    (tx) => deleteDocument(tx, { userId: context.actor.userId, documentId }),
    () => ({ action: 'document.delete', resource: { type: 'document', id: documentId } }),
  )
}
