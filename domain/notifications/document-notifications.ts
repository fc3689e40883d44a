// What is told at the end of a document's ingestion. A run ends once, so the run is the cause that the key names.
import type { StoredProblem } from '../errors.ts'
import type { NotificationContent } from './notification.ts'

export interface EndedDocument {
  readonly documentId: string
  readonly collectionId: string
  readonly run: number
  readonly title: string
  readonly chunkCount: number | null
  /** Null when the document was indexed. */
  readonly problem: StoredProblem | null
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

/** The sentences for the reader: the document's title is quoted as it is. */
export function documentNotification(document: EndedDocument): NotificationContent {
  const { documentId, collectionId, run, title, problem } = document
  const dedupeKey = `document:${documentId}:${run}`
  const data = { documentId, collectionId, run }
  if (problem === null) {
    return {
      kind: 'document.indexed',
      title: `“${title}” is indexed`,
      body: `It can be searched and cited now: ${counted(document.chunkCount ?? 0, 'passage')}.`,
      data,
      dedupeKey,
    }
  }
  return {
    kind: 'document.failed',
    title: `“${title}” couldn’t be indexed`,
    body: problem.detail ?? `${problem.title}.`,
    data: { ...data, problemCode: problem.code },
    dedupeKey,
  }
}
