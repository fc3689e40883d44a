// Every activity, made from one Platform. Workflows see this type alone.
import type { Platform } from '../platform/platform.ts'
import { createEndTurn } from './chat/end-turn.ts'
import { createModelStep } from './chat/model-step.ts'
import { createChunkDocument } from './documents/chunk-document.ts'
import { createEmbedChunks } from './documents/embed-chunks.ts'
import { createFailDocument } from './documents/fail-document.ts'
import { createIndexDocument } from './documents/index-document.ts'
import { createParseDocument } from './documents/parse-document.ts'
import { patient } from './patience.ts'

export type Activities = ReturnType<typeof createActivities>

export function createActivities(platform: Platform) {
  return {
    modelStep: patient(createModelStep(platform)),
    endTurn: createEndTurn(platform),
    parseDocument: patient(createParseDocument(platform)),
    chunkDocument: patient(createChunkDocument(platform)),
    embedChunks: patient(createEmbedChunks(platform)),
    indexDocument: patient(createIndexDocument(platform)),
    failDocument: createFailDocument(platform),
  }
}
