// The events of a document's ingestion: the row itself at every change, from its present state to its end.
import { getDocument } from '../../db/documents/documents.ts'
import { compareEventIds, formatEventId, parseEventId } from '../../domain/event-id.ts'
import { type Document, documentStatuses } from '../../domain/documents/document.ts'
import type { Context } from '../../platform/platform.ts'
import { documentChannel } from '../../platform/stream/bus.ts'
import type { ServerSentEvent } from '../http/route.ts'

/** The bus may lose a hint: the row is read at least this often. */
const lookMs = 5_000

const isOver = ({ status }: Document): boolean => status === 'indexed' || status === 'failed'

/** Rises within a run with the status and the progress, and from run to run. */
const eventIdOf = (document: Document, run: number) => ({
  epoch: run,
  sequence: documentStatuses.indexOf(document.status) * 1_000_000 + Math.min(document.progress.done, 999_999) + 1,
})

const eventName = ({ status }: Document): string =>
  status === 'indexed' || status === 'failed' ? `document.${status}` : 'document.progress'

/** The events after `Last-Event-ID`; undefined when the client has seen the end already. */
export async function followDocument(
  context: Context,
  input: { readonly documentId: string; readonly lastEventId: string | undefined },
): Promise<AsyncIterable<ServerSentEvent> | undefined> {
  const { db, actor } = context
  const { document, run } = await getDocument(db, { userId: actor.userId, documentId: input.documentId })
  const after = parseEventId(input.lastEventId ?? '')
  const seen = after !== undefined && compareEventIds(after, eventIdOf(document, run)) >= 0
  return isOver(document) && seen ? undefined : documentEvents(context, input.documentId, after)
}

async function* documentEvents(
  { db, bus, actor, signal }: Context,
  documentId: string,
  after: ReturnType<typeof parseEventId>,
): AsyncGenerator<ServerSentEvent> {
  let wake = (): void => {}
  let hinted = false
  const hint = (): void => {
    hinted = true
    wake()
  }
  const unsubscribe = await bus.subscribe(documentChannel(documentId), hint)
  signal.addEventListener('abort', hint)
  const timer = setInterval(hint, lookMs)
  let last = after
  try {
    while (!signal.aborted) {
      hinted = false
      const { document, run } = await getDocument(db, { userId: actor.userId, documentId })
      const id = eventIdOf(document, run)
      if (last === undefined || compareEventIds(id, last) > 0)
        yield { id: formatEventId(id), event: eventName(document), data: { document } }
      if (isOver(document)) return
      last = last === undefined || compareEventIds(id, last) > 0 ? id : last
      if (!hinted)
        await new Promise<void>((resolve) => {
          wake = resolve
        })
    }
  } finally {
    clearInterval(timer)
    signal.removeEventListener('abort', hint)
    await unsubscribe()
  }
}
