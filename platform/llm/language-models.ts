// Which language models there are, by configuration; the offline one is always among them.
import { AppError } from '../../domain/errors.ts'
import { type Config, ConfigError } from '../config.ts'
import { createAnthropicLanguageModel } from './anthropic/anthropic-language-model.ts'
import { findAnthropicModel } from './anthropic/anthropic-models.ts'
import type { LanguageModel, ModelInfo } from './language-model.ts'
import { limitsOfContext, type ModelLimits } from './model-limits.ts'
import { createOfflineLanguageModel, offlineLanguageModelName } from './offline/offline-language-model.ts'
import { createOllamaLanguageModel } from './ollama/ollama-language-model.ts'
import { createOpenAiLanguageModel } from './openai/openai-language-model.ts'
import { findOpenAiModel } from './openai/openai-models.ts'
import { type Provider, providers, splitModelName } from './providers.ts'

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

interface Source {
  readonly driver: LanguageModel
  /** undefined for a model that the provider surely hasn't. */
  readonly limitsOf: (model: string) => ModelLimits | undefined
}

const offlineLimits = { contextWindow: 128_000, maxOutputTokens: 4_096 }

const offlineSource = (): Source => ({
  driver: createOfflineLanguageModel(),
  limitsOf: (model) => (`offline/${model}` === offlineLanguageModelName ? offlineLimits : undefined),
})

const sources: Readonly<Record<Provider['name'], (llm: Config['llm']) => Source>> = {
  openai: ({ openai, stallTimeoutMs, unknownContextWindow }) => ({
    driver: createOpenAiLanguageModel({ ...openai, stallTimeoutMs }),
    limitsOf: (model) => findOpenAiModel(model) ?? limitsOfContext(unknownContextWindow),
  }),
  anthropic: ({ anthropic, stallTimeoutMs, unknownContextWindow }) => ({
    driver: createAnthropicLanguageModel({ ...anthropic, stallTimeoutMs }),
    limitsOf: (model) => findAnthropicModel(model) ?? limitsOfContext(unknownContextWindow),
  }),
  // What a model could take isn't what the machine has memory for: the context is the one that the server is asked for.
  ollama: ({ ollama: { host = '', apiKey, contextWindow }, stallTimeoutMs }) => ({
    driver: createOllamaLanguageModel({ host, apiKey, contextWindow, stallTimeoutMs }),
    limitsOf: () => limitsOfContext(contextWindow),
  }),
}

/** Connects to nothing: drivers do at their first call. Throws ConfigError when the default model can't be resolved. */
export function createLanguageModels({ llm }: Pick<Config, 'llm'>): LanguageModels {
  const configured = providers.filter(({ isConfigured }) => isConfigured(llm))
  const opened = new Map<string, Source>([
    ...configured.map(({ name }) => [name, sources[name](llm)] as const),
    ['offline', offlineSource()],
  ])

  const resolve = (name: string): ResolvedModel => {
    const { provider = '', model = '' } = splitModelName(name) ?? {}
    const source = opened.get(provider)
    const limits = source?.limitsOf(model)
    if (source !== undefined && limits !== undefined) {
      const { contextWindow, maxOutputTokens } = limits
      return { name, providerModel: model, contextWindow, maxOutputTokens, driver: source.driver }
    }
    const known = [...configured.map((one) => `${one.name}/…`), offlineLanguageModelName]
    throw new AppError('chat.model_unknown', { detail: `Models here are ${known.join(', ')}. ${howToAdd(configured)}` })
  }

  const defaultModel = llm.defaultModel ?? configured[0]?.chatModel ?? offlineLanguageModelName
  try {
    resolve(defaultModel)
  } catch {
    const known = providers.map(({ name, variables }) => `${variables} for ${name}/…`)
    throw new ConfigError(
      `CDSA_DEFAULT_MODEL names a model that isn’t here: it is ${offlineLanguageModelName}, or its provider must be configured: set ${known.join(', ')}`,
    )
  }
  return { defaultModel, resolve }
}

function howToAdd(configured: readonly Provider[]): string {
  const missing = providers.filter((provider) => !configured.includes(provider))
  if (missing.length === 0) return 'There are no other providers.'
  return `Others need ${missing.map(({ name, variables }) => `${variables} (${name}/…)`).join(', ')} in the configuration.`
}
