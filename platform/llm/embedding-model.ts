// The seam to embedding models.

export interface EmbeddingModel {
  /** `provider/model`: recorded with the vectors, which are only comparable within one model. */
  readonly name: string
  readonly dimensions: number
  /** The most texts that one call takes. */
  readonly batchSize: number
  /**
   * One L2-normalised vector of `dimensions` numbers for each text, in order. Never retries.
   * Throws AppError `llm.*`, or the signal's reason once it is aborted.
   */
  embed(texts: readonly string[], options: { readonly signal: AbortSignal }): Promise<readonly Float32Array[]>
}
