// The notification of an ingestion's end, in the transaction that ends it: to the document's owner, who uploaded it, for
// as long as that account may see the document.
import { type EndedDocument, documentNotification } from '../../domain/notifications/document-notifications.ts'
import type { Db } from '../database.ts'
import { createNotifications } from '../notifications/notifications.ts'

/** Resolves to who is notified, once a run. The caller holds the document's row, which it has just ended. */
export async function notifyOfEnd(tx: Db, documentId: string): Promise<readonly string[]> {
  const [ended] = await tx.query<EndedDocument & { readonly ownerId: string }>(
    `select d.id as "documentId", d.collection_id as "collectionId", d.run, d.title, d.chunk_count as "chunkCount",
       d.problem, d.owner_id as "ownerId"
     from documents d join collection_members m on m.collection_id = d.collection_id and m.user_id = d.owner_id
     where d.id = $1`,
    [documentId],
  )
  if (ended === undefined) return []
  return createNotifications(tx, { ...documentNotification(ended), userIds: [ended.ownerId] })
}
