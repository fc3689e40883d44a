// Every workflow, for the bundle.
export { sealAudit } from './audit/seal-audit.ts'
export { chatTurn } from './chat/chat-turn.ts'
export { ingestDocument } from './documents/ingest-document.ts'
