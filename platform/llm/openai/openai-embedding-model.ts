// Embeddings from OpenAI or a server that speaks its protocol, over the official SDK.
// Vectors come as base64 where the server knows it (a quarter of the bytes), as numbers where it doesn't.
import type { OpenAI } from 'openai'
import { z } from 'zod'
import { AppError } from '../../../domain/errors.ts'
import type { EmbeddingModel } from '../embedding-model.ts'
import { createOpenAiClient } from './openai-client.ts'
import { toOpenAiError } from './openai-errors.ts'
import { defaultStallTimeoutMs, type OpenAiOptions } from './openai-language-model.ts'
import { guardRequest } from '../request-guard.ts'
import { normalise } from '../vectors.ts'

/** The most texts in one call; well below OpenAI's limits (2,048 texts, 300,000 tokens) at 512 tokens a chunk. */
const batchSize = 100
const bytesPerNumber = 4

const knownDimensions: Readonly<Record<string, number>> = {
  'text-embedding-3-small': 1_536,
  'text-embedding-3-large': 3_072,
  'text-embedding-ada-002': 1_536,
}

const unusable = (what: string) =>
  new AppError('llm.unavailable', { detail: `The embedding model’s provider sent ${what}.` })

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

/** The vectors in the order of the texts, whatever order they came in. Throws AppError `llm.unavailable`. */
function readVectors(response: unknown, count: number): Float32Array[] {
  const { success, data } = responseSchema.safeParse(response)
  if (!success) throw unusable('what can’t be read')
  const vectors = new Map(data.data.map(({ index, embedding }, position) => [index ?? position, toVector(embedding)]))
  const ordered = Array.from({ length: count }, (_, index) => vectors.get(index)).filter(
    (vector) => vector !== undefined,
  )
  if (ordered.length !== count || data.data.length !== count) throw unusable('not one vector for each text')
  try {
    return ordered.map(normalise)
  } catch (error) {
    if (error instanceof RangeError) throw unusable('a vector without a direction')
    throw error
  }
}

interface EmbedCall {
  readonly model: string
  readonly texts: readonly string[]
  readonly signal: AbortSignal
  readonly stallTimeoutMs: number
}

async function requestVectors(connect: () => Promise<OpenAI>, call: EmbedCall): Promise<Float32Array[]> {
  const guard = guardRequest({ signal: call.signal, stallTimeoutMs: call.stallTimeoutMs, toError: toOpenAiError })
  try {
    const client = await connect()
    const response = await guard.wait(
      client.embeddings.create(
        { model: call.model, input: [...call.texts], encoding_format: 'base64' },
        { signal: guard.signal },
      ),
    )
    return readVectors(response, call.texts.length)
  } finally {
    guard.release()
  }
}

/**
 * The model by the provider's own name; asks for one vector first when its dimensions aren't known.
 * Throws AppError `llm.*`.
 */
export async function openOpenAiEmbeddingModel(model: string, options: OpenAiOptions): Promise<EmbeddingModel> {
  const connect = createOpenAiClient(options)
  const { stallTimeoutMs = defaultStallTimeoutMs } = options
  const request = (texts: readonly string[], signal: AbortSignal) =>
    requestVectors(connect, { model, texts, signal, stallTimeoutMs })
  const probe = async () => (await request(['dimensions'], new AbortController().signal))[0]?.length ?? 0
  const dimensions = knownDimensions[model] ?? (await probe())
  return {
    name: `openai/${model}`,
    dimensions,
    batchSize,
    embed: async (texts, { signal }) => {
      if (texts.length > batchSize) {
        throw new AppError('internal', { detail: `One call embeds at most ${batchSize} texts.` })
      }
      if (texts.length === 0) return []
      const vectors = await request(texts, signal)
      if (vectors.some((vector) => vector.length !== dimensions)) {
        throw new AppError('llm.rejected', {
          detail: `The embedding model’s provider sent vectors of other than ${dimensions} dimensions: it runs another model under this name.`,
        })
      }
      return vectors
    },
  }
}
