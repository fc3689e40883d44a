// What goes in and out of a document's ingestion: ids only, content stays in the blob store.
import type { WorkflowStart } from '../../domain/workflow-start.ts'

export interface IngestDocumentInput {
  readonly documentId: string
  /** Which reading of the document this is; work of an older run changes nothing. */
  readonly run: number
}

export const ingestWorkflowId = (documentId: string): string => `ingest/${documentId}`

export const ingestDocumentStart = (input: IngestDocumentInput, userId: string): WorkflowStart => ({
  type: 'ingestDocument',
  workflowId: ingestWorkflowId(input.documentId),
  queue: 'documents',
  input,
  userId,
  again: true,
  summary: 'Parses, embeds and indexes one document',
})
