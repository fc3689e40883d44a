// What every embedding driver does around its provider's call: the batch's bound, one vector for each text, length 1,
// the dimensions that the stored vectors have, and the guard against a silent provider.
import { AppError } from '../../domain/errors.ts'
import type { EmbeddingModel } from './embedding-model.ts'
import { guardRequest } from './request-guard.ts'
import { normalise } from './vectors.ts'

export interface EmbeddingProvider {
  /** `provider/model`. */
  readonly name: string
  /** The most texts that one call takes. */
  readonly batchSize: number
  /** undefined when it must be asked for. */
  readonly dimensions: number | undefined
  readonly stallTimeoutMs: number
  /** Asks for the vectors; in the texts' order, `undefined` for one that is missing. Throws what `toError` knows. */
  request(texts: readonly string[], signal: AbortSignal): Promise<readonly (Float32Array | undefined)[]>
  toError(error: unknown): AppError
}

export const unusableVectors = (what: string): AppError =>
  new AppError('llm.unavailable', { detail: `The embedding model’s provider sent ${what}.` })

async function requestVectors(
  provider: EmbeddingProvider,
  texts: readonly string[],
  signal: AbortSignal,
): Promise<Float32Array[]> {
  const { stallTimeoutMs, toError } = provider
  const guard = guardRequest({ signal, stallTimeoutMs, toError })
  try {
    const received = await guard.wait(provider.request(texts, guard.signal))
    const vectors = received.filter((vector) => vector !== undefined)
    if (vectors.length !== texts.length || received.length !== texts.length) {
      throw unusableVectors('not one vector for each text')
    }
    return vectors.map(normalise)
  } catch (error) {
    if (error instanceof RangeError) throw unusableVectors('a vector without a direction')
    throw error
  } finally {
    guard.release()
  }
}

/** Asks for one vector first when the dimensions aren't known. Throws AppError `llm.*`. */
export async function openEmbeddingModel(provider: EmbeddingProvider): Promise<EmbeddingModel> {
  const { name, batchSize } = provider
  const probe = async () => (await requestVectors(provider, ['dimensions'], new AbortController().signal))[0]?.length
  const dimensions = provider.dimensions ?? (await probe()) ?? 0
  return {
    name,
    dimensions,
    batchSize,
    embed: async (texts, { signal }) => {
      if (texts.length > batchSize) {
        throw new AppError('internal', { detail: `One call embeds at most ${batchSize} texts.` })
      }
      if (texts.length === 0) return []
      const vectors = await requestVectors(provider, texts, signal)
      if (vectors.some((vector) => vector.length !== dimensions)) {
        throw new AppError('llm.rejected', {
          detail: `The embedding model’s provider sent vectors of other than ${dimensions} dimensions: it runs another model under this name.`,
        })
      }
      return vectors
    },
  }
}
