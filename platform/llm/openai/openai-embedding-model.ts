// Embeddings from OpenAI or a server that speaks its protocol, over the official SDK.
// Vectors come as base64 where the server knows it (a quarter of the bytes), as numbers where it doesn't.
import { z } from 'zod'
import type { EmbeddingModel } from '../embedding-model.ts'
import { openEmbeddingModel, unusableVectors } from '../open-embedding-model.ts'
import { defaultStallTimeoutMs } from '../request-guard.ts'
import { createOpenAiClient } from './openai-client.ts'
import { toOpenAiError } from './openai-errors.ts'
import type { OpenAiOptions } from './openai-language-model.ts'

/** The most texts in one call; well below OpenAI's limits (2,048 texts, 300,000 tokens) at 512 tokens a chunk. */
const batchSize = 100
const bytesPerNumber = 4

const knownDimensions: Readonly<Record<string, number>> = {
  'text-embedding-3-small': 1_536,
  'text-embedding-3-large': 3_072,
  'text-embedding-ada-002': 1_536,
}

const responseSchema = z.object({
  data: z.array(
    z.object({ index: z.int().nonnegative().nullish(), embedding: z.union([z.string(), z.array(z.number())]) }),
  ),
})

function toVector(embedding: string | readonly number[]): Float32Array {
  if (typeof embedding !== 'string') return Float32Array.from(embedding)
  const bytes = Buffer.from(embedding, 'base64')
  return Float32Array.from({ length: Math.floor(bytes.length / bytesPerNumber) }, (_, index) =>
    bytes.readFloatLE(index * bytesPerNumber),
  )
}

/** The vectors in the order of the texts, whatever order they came in. */
function readVectors(response: unknown): (Float32Array | undefined)[] {
  const { success, data } = responseSchema.safeParse(response)
  if (!success) throw unusableVectors('what can’t be read')
  const vectors = new Map(data.data.map(({ index, embedding }, position) => [index ?? position, toVector(embedding)]))
  return Array.from(data.data, (_, index) => vectors.get(index))
}

/**
 * The model by the provider's own name; asks for one vector first when its dimensions aren't known.
 * Throws AppError `llm.*`.
 */
export async function openOpenAiEmbeddingModel(model: string, options: OpenAiOptions): Promise<EmbeddingModel> {
  const connect = createOpenAiClient(options)
  return openEmbeddingModel({
    name: `openai/${model}`,
    batchSize,
    dimensions: knownDimensions[model],
    stallTimeoutMs: options.stallTimeoutMs ?? defaultStallTimeoutMs,
    request: async (texts, signal) => {
      const client = await connect()
      const body = { model, input: [...texts], encoding_format: 'base64' as const }
      return readVectors(await client.embeddings.create(body, { signal }))
    },
    toError: toOpenAiError,
  })
}
