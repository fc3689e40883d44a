// Every activity, made from one Platform. Workflows see this type alone.
import type { Platform } from '../platform/platform.ts'
import { createSealAudit } from './audit/seal.ts'
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
const step = <Input, Output>(work: (input: Input) => Promise<Output>, providerMs = 0) =>
  patient(beating(work), { providerMs })

/** So many times the longest silence of a provider may a document wait for one: nobody watches it, and it costs no more. */
const silences = 10

export function createActivities(platform: Platform) {
  return {
    modelStep: step(createModelStep(platform)),
    endTurn: createEndTurn(platform),
    parseDocument: step(createParseDocument(platform)),
    chunkDocument: step(createChunkDocument(platform)),
    embedChunks: step(createEmbedChunks(platform), silences * platform.config.llm.stallTimeoutMs),
    indexDocument: step(createIndexDocument(platform)),
    failDocument: createFailDocument(platform),
    sealLog: beating(createSealAudit(platform)),
  }
}
