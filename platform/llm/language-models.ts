// Which language models there are, by configuration; the offline one is always among them.
import { AppError } from '../../domain/errors.ts'
import { type Config, ConfigError } from '../config.ts'
import type { LanguageModel, ModelInfo } from './language-model.ts'
import { createOfflineLanguageModel, offlineLanguageModelName } from './offline/offline-language-model.ts'
import { createOpenAiLanguageModel } from './openai/openai-language-model.ts'
import { boundOutput, findOpenAiModel } from './openai/openai-models.ts'

export interface ResolvedModel extends ModelInfo {
  /** The provider's own name of the model. */
  readonly providerModel: string
  readonly driver: LanguageModel
}

export interface LanguageModels {
  /** The model of a chat that names none. */
  readonly defaultModel: string
  /** `provider/model` → driver and facts; throws AppError `chat.model_unknown` for a provider that isn't configured. */
  resolve(name: string): ResolvedModel
}

type LlmConfig = Pick<Config, 'llm'>

/** Cheap, of a large context, takes a temperature, and answers without thinking first. */
const defaultOpenAiModel = 'openai/gpt-4.1-mini'
const offlineLimits = { contextWindow: 128_000, maxOutputTokens: 4_096 }
/** The most that an unknown model's answer is left of its context. */
const unknownOutput = 4_096

const isOpenAiConfigured = ({ llm }: LlmConfig): boolean =>
  llm.openai.apiKey !== undefined || llm.openai.baseUrl !== undefined

type Provider = (providerModel: string) => Omit<ResolvedModel, 'name' | 'providerModel'> | undefined

function offlineProvider(): Provider {
  const driver = createOfflineLanguageModel()
  return (model) => (`offline/${model}` === offlineLanguageModelName ? { ...offlineLimits, driver } : undefined)
}

function openAiProvider({ llm }: LlmConfig): Provider {
  const driver = createOpenAiLanguageModel({ ...llm.openai, stallTimeoutMs: llm.stallTimeoutMs })
  const unknown = {
    contextWindow: llm.unknownContextWindow,
    maxOutputTokens: boundOutput(unknownOutput, llm.unknownContextWindow),
  }
  return (model) => {
    const { contextWindow, maxOutputTokens } = findOpenAiModel(model) ?? unknown
    return { contextWindow, maxOutputTokens, driver }
  }
}

/** Connects to nothing: drivers do at their first call. Throws ConfigError when the default model can't be resolved. */
export function createLanguageModels(config: LlmConfig): LanguageModels {
  const providers = new Map<string, Provider>([['offline', offlineProvider()]])
  if (isOpenAiConfigured(config)) providers.set('openai', openAiProvider(config))

  const resolve = (name: string): ResolvedModel => {
    const slash = name.indexOf('/')
    const providerModel = name.slice(slash + 1)
    const found = slash > 0 && providerModel !== '' ? providers.get(name.slice(0, slash))?.(providerModel) : undefined
    if (found !== undefined) return { name, providerModel, ...found }
    const known = [...providers.keys()].map((provider) =>
      provider === 'offline' ? offlineLanguageModelName : `${provider}/…`,
    )
    throw new AppError('chat.model_unknown', {
      detail: `Models here are ${known.join(' and ')}. Other providers need their keys in the configuration.`,
    })
  }

  const fallback = isOpenAiConfigured(config) ? defaultOpenAiModel : offlineLanguageModelName
  const defaultModel = config.llm.defaultModel ?? fallback
  try {
    resolve(defaultModel)
  } catch {
    throw new ConfigError(
      'CDSA_DEFAULT_MODEL names a model whose provider isn’t configured: set OPENAI_API_KEY or OPENAI_BASE_URL for openai/…',
    )
  }
  return { defaultModel, resolve }
}
