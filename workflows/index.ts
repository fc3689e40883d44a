// Every workflow, for the bundle.
export { chatTurn } from './chat/chat-turn.ts'
export { ingestDocument } from './documents/ingest-document.ts'
export { rewrapKeys } from './vault/rewrap-keys.ts'
