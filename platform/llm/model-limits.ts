// What a model takes and gives, in tokens; for models of a catalogue, and for those that none knows.

export interface ModelLimits {
  /** Tokens of input and output together. */
  readonly contextWindow: number
  readonly maxOutputTokens: number
}

/** The answer is left at most this share of the context: some models could fill all of it. */
const outputShare = 0.25
/** The most that an unknown model's answer is left of its context. */
const unknownOutput = 4_096

export const boundOutput = (maxOutputTokens: number, contextWindow: number): number =>
  Math.min(maxOutputTokens, Math.floor(contextWindow * outputShare))

/** The limits of a model of which only the context is known. */
export const limitsOfContext = (contextWindow: number): ModelLimits => ({
  contextWindow,
  maxOutputTokens: boundOutput(unknownOutput, contextWindow),
})
