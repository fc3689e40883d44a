// Every workflow, for the bundle.
export { sealAudit } from './audit/seal-audit.ts'
export { chatTurn } from './chat/chat-turn.ts'
export { ingestDocument } from './documents/ingest-document.ts'
export { reconcileSchedules } from './vault/reconcile-schedules.ts'
export { rotateSecret } from './vault/rotate-secret.ts'
export { scheduledRotation } from './vault/scheduled-rotation.ts'
export { rewrapKeys } from './vault/rewrap-keys.ts'
