// Embeddings from an Ollama server, over the official SDK.
// A text longer than the model's context is embedded by its beginning, as the server does when it isn't told otherwise.
import { z } from 'zod'
import type { EmbeddingModel } from '../embedding-model.ts'
import { openEmbeddingModel, unusableVectors } from '../open-embedding-model.ts'
import { beginTimeout, defaultStallTimeoutMs } from '../request-guard.ts'
import { connectToOllama, type OllamaConnection } from './ollama-client.ts'
import { toOllamaError } from './ollama-errors.ts'

export interface OllamaEmbeddingOptions extends OllamaConnection {
  readonly stallTimeoutMs?: number
}

/** As many as an ingestion hands over at once. */
const batchSize = 100

/** So that the default model needs no server to be there at the start. */
const knownDimensions: Readonly<Record<string, number>> = { 'nomic-embed-text': 768 }

const responseSchema = z.object({ embeddings: z.array(z.array(z.number())) })

/** The model by the server's own name; asks for one vector first when its dimensions aren't known. Throws AppError `llm.*`. */
export async function openOllamaEmbeddingModel(
  model: string,
  options: OllamaEmbeddingOptions,
): Promise<EmbeddingModel> {
  return openEmbeddingModel({
    name: `ollama/${model}`,
    batchSize,
    dimensions: knownDimensions[model.replace(/:latest$/, '')],
    // Nothing comes before all is done, and the model is loaded first.
    stallTimeoutMs: beginTimeout(options.stallTimeoutMs ?? defaultStallTimeoutMs),
    request: async (texts, signal) => {
      const client = await connectToOllama(options, signal, { streams: false })
      const { success, data } = responseSchema.safeParse(await client.embed({ model, input: [...texts] }))
      if (!success) throw unusableVectors('what can’t be read')
      return data.embeddings.map((numbers) => Float32Array.from(numbers))
    },
    toError: toOllamaError,
  })
}
