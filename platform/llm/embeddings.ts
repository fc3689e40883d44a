// Which embedding models there are, by configuration. Which one is in use is recorded in the database at the first start.
import { AppError } from '../../domain/errors.ts'
import type { Config } from '../config.ts'
import type { EmbeddingModel } from './embedding-model.ts'
import { createOfflineEmbeddingModel, offlineEmbeddingModelName } from './offline/offline-embedding-model.ts'
import { openOllamaEmbeddingModel } from './ollama/ollama-embedding-model.ts'
import { openOpenAiEmbeddingModel } from './openai/openai-embedding-model.ts'
import { providers, splitModelName } from './providers.ts'

export interface Embeddings {
  /** The model that the configuration asks for: recorded at the first start, and used only for that. */
  readonly configured: string
  /** `provider/model` → the model; asks the provider for the dimensions when it doesn't know them. Throws AppError `llm.*`. */
  resolve(name: string): Promise<EmbeddingModel>
}

const embedding = providers.filter(({ embeddingModel }) => embeddingModel !== undefined)

function openFrom(provider: string, model: string, llm: Config['llm']): Promise<EmbeddingModel> | undefined {
  const { stallTimeoutMs, openai, ollama } = llm
  if (provider === 'openai') return openOpenAiEmbeddingModel(model, { ...openai, stallTimeoutMs })
  if (provider === 'ollama') {
    return openOllamaEmbeddingModel(model, { host: ollama.host ?? '', apiKey: ollama.apiKey, stallTimeoutMs })
  }
  return undefined
}

/** Connects to nothing: a model does at its first call, or when its dimensions must be asked for. */
export function createEmbeddings({ llm }: Pick<Config, 'llm'>): Embeddings {
  const offline = createOfflineEmbeddingModel()
  const preferred = embedding.find(({ isConfigured }) => isConfigured(llm))?.embeddingModel

  async function open(name: string): Promise<EmbeddingModel> {
    if (name === offlineEmbeddingModelName) return offline
    const { provider = '', model = '' } = splitModelName(name) ?? {}
    const known = embedding.find((candidate) => candidate.name === provider)
    const opening = known?.isConfigured(llm) === true ? openFrom(provider, model, llm) : undefined
    if (opening !== undefined) return opening
    throw new AppError('llm.unavailable', {
      detail:
        known === undefined
          ? `There is no such embedding model: choose ${embedding.map((one) => `${one.name}/…`).join(', ')} or ${offlineEmbeddingModelName} as CDSA_EMBEDDING_MODEL.`
          : `The embedding model’s provider isn’t configured: set ${known.variables}.`,
    })
  }

  const opened = new Map<string, Promise<EmbeddingModel>>()
  return {
    configured: llm.embeddingModel ?? preferred ?? offlineEmbeddingModelName,
    resolve: async (name) => {
      const opening = opened.get(name) ?? open(name)
      opened.set(name, opening)
      // A model that couldn't be opened is tried anew.
      opening.catch(() => opened.delete(name))
      return opening
    },
  }
}
