// Which language models there are, by configuration; the offline one is always among them.
import type { LanguageModel, ModelInfo } from './language-model.ts'

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
