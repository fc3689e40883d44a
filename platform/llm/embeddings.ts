// Which embedding models there are, by configuration. Which one is in use is recorded in the database at the first start.
import { AppError } from '../../domain/errors.ts'
import type { Config } from '../config.ts'
import type { EmbeddingModel } from './embedding-model.ts'
import { createOfflineEmbeddingModel, offlineEmbeddingModelName } from './offline/offline-embedding-model.ts'
import { openOpenAiEmbeddingModel } from './openai/openai-embedding-model.ts'

export interface Embeddings {
  /** The model that the configuration asks for: recorded at the first start, and used only for that. */
  readonly configured: string
  /** `provider/model` → the model; asks the provider for the dimensions when it doesn't know them. Throws AppError `llm.*`. */
  resolve(name: string): Promise<EmbeddingModel>
}

const defaultOpenAiModel = 'openai/text-embedding-3-small'
const openAiPrefix = 'openai/'

/** Connects to nothing: a model does at its first call, or when its dimensions must be asked for. */
export function createEmbeddings({ llm }: Pick<Config, 'llm'>): Embeddings {
  const isOpenAiConfigured = llm.openai.apiKey !== undefined || llm.openai.baseUrl !== undefined
  const offline = createOfflineEmbeddingModel()

  async function open(name: string): Promise<EmbeddingModel> {
    if (name === offlineEmbeddingModelName) return offline
    if (name.startsWith(openAiPrefix) && isOpenAiConfigured) {
      return openOpenAiEmbeddingModel(name.slice(openAiPrefix.length), {
        ...llm.openai,
        stallTimeoutMs: llm.stallTimeoutMs,
      })
    }
    throw new AppError('llm.unavailable', {
      detail: name.startsWith(openAiPrefix)
        ? 'The embedding model’s provider isn’t configured: set OPENAI_API_KEY or OPENAI_BASE_URL.'
        : `There is no such embedding model: choose ${offlineEmbeddingModelName} or openai/… as CDSA_EMBEDDING_MODEL.`,
    })
  }

  const opened = new Map<string, Promise<EmbeddingModel>>()
  return {
    configured: llm.embeddingModel ?? (isOpenAiConfigured ? defaultOpenAiModel : offlineEmbeddingModelName),
    resolve: async (name) => {
      const opening = opened.get(name) ?? open(name)
      opened.set(name, opening)
      // A model that couldn't be opened is tried anew.
      opening.catch(() => opened.delete(name))
      return opening
    },
  }
}
