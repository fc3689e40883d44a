// The providers of models: when one is configured, what configures it, and which of its models is taken when nobody
// names one. The order is that in which a default is looked for; the offline models stand behind all of them.
import type { Config } from '../config.ts'

type LlmSettings = Config['llm']

export interface Provider {
  readonly name: 'openai' | 'anthropic' | 'ollama'
  readonly isConfigured: (llm: LlmSettings) => boolean
  /** The variables that configure it, for a sentence that says what to set. */
  readonly variables: string
  readonly chatModel: string
  /** undefined when it has none. */
  readonly embeddingModel: string | undefined
}

/** Chat models: cheap, with a large context, and on Ollama small enough for a laptop. */
export const providers: readonly Provider[] = [
  {
    name: 'openai',
    isConfigured: ({ openai }) => openai.apiKey !== undefined || openai.baseUrl !== undefined,
    variables: 'OPENAI_API_KEY or OPENAI_BASE_URL',
    chatModel: 'openai/gpt-4.1-mini',
    embeddingModel: 'openai/text-embedding-3-small',
  },
  {
    name: 'anthropic',
    isConfigured: ({ anthropic }) => anthropic.apiKey !== undefined || anthropic.baseUrl !== undefined,
    variables: 'ANTHROPIC_API_KEY or ANTHROPIC_BASE_URL',
    chatModel: 'anthropic/claude-haiku-5-5',
    embeddingModel: undefined,
  },
  {
    name: 'ollama',
    isConfigured: ({ ollama }) => ollama.host !== undefined,
    variables: 'OLLAMA_HOST',
    chatModel: 'ollama/llama3.2',
    embeddingModel: 'ollama/nomic-embed-text',
  },
]

/** The provider and its own name of the model: all behind the first slash. undefined when it isn't `provider/model`. */
export function splitModelName(name: string): { readonly provider: string; readonly model: string } | undefined {
  const slash = name.indexOf('/')
  if (slash <= 0 || slash === name.length - 1) return undefined
  return { provider: name.slice(0, slash), model: name.slice(slash + 1) }
}
