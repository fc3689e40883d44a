// The events of a document's ingestion: the row itself at every change, from its present state to its end.
import { getDocument } from '../../db/documents/documents.ts'
import { type Document, documentStatuses } from '../../domain/documents/document.ts'
import type { Context } from '../../platform/platform.ts'
import { documentChannel } from '../../platform/stream/bus.ts'
import { followRow } from '../http/follow-row.ts'
import type { ServerSentEvent } from '../http/route.ts'

/** Rises within a run with the status and the progress, and from run to run. */
const eventIdOf = (document: Document, run: number) => ({
  epoch: run,
  sequence: documentStatuses.indexOf(document.status) * 1_000_000 + Math.min(document.progress.done, 999_999) + 1,
})

const eventName = ({ status }: Document): string =>
  status === 'indexed' || status === 'failed' ? `document.${status}` : 'document.progress'

/** The events after `Last-Event-ID`; undefined when the client has seen the end already. */
export function followDocument(
  context: Context,
  { documentId, lastEventId }: { readonly documentId: string; readonly lastEventId: string | undefined },
): Promise<AsyncIterable<ServerSentEvent> | undefined> {
  const read = async () => {
    const { document, run } = await getDocument(context.db, { userId: context.actor.userId, documentId })
    const isOver = document.status === 'indexed' || document.status === 'failed'
    return { id: eventIdOf(document, run), event: eventName(document), data: { document }, isOver }
  }
  return followRow(context, { channel: documentChannel(documentId), read, lastEventId })
}
