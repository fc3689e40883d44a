// Every activity, made from one Platform. Workflows see this type alone.
import type { Platform } from '../platform/platform.ts'
import { beating } from './beating.ts'
import { createEndTurn } from './chat/end-turn.ts'
import { createModelStep } from './chat/model-step.ts'
import { createChunkDocument } from './documents/chunk-document.ts'
import { createEmbedChunks } from './documents/embed-chunks.ts'
import { createFailDocument } from './documents/fail-document.ts'
import { createIndexDocument } from './documents/index-document.ts'
import { createParseDocument } from './documents/parse-document.ts'
import { patient } from './patience.ts'

export type Activities = ReturnType<typeof createActivities>

/** A step of a workflow, which may take long and is tried again. */
const step = <Input, Output>(work: (input: Input) => Promise<Output>) => patient(beating(work))

export function createActivities(platform: Platform) {
  return {
    modelStep: step(createModelStep(platform)),
    endTurn: createEndTurn(platform),
    parseDocument: step(createParseDocument(platform)),
    chunkDocument: step(createChunkDocument(platform)),
    embedChunks: step(createEmbedChunks(platform)),
    indexDocument: step(createIndexDocument(platform)),
    failDocument: createFailDocument(platform),
  }
}
