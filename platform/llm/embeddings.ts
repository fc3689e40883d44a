// Which embedding models there are, by configuration. Which one is in use is recorded in the database at the first start.
import type { EmbeddingModel } from './embedding-model.ts'

export interface Embeddings {
  /** The model that the configuration asks for: recorded at the first start, and used only for that. */
  readonly configured: string
  /** `provider/model` → the model; asks the provider for the dimensions when it doesn't know them. Throws AppError `llm.*`. */
  resolve(name: string): Promise<EmbeddingModel>
}
