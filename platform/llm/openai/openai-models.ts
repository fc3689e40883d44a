// What is known of OpenAI's models, from the catalogue that gpt-tokenizer keeps up to date (12 ms to load).
// A compatible server's models are unknown to it: they get a default that the configuration can change.
import * as catalogue from 'gpt-tokenizer/models'
import { boundOutput, type ModelLimits } from '../model-limits.ts'

export interface OpenAiModel extends ModelLimits {
  /** It thinks before it answers, and sends nothing while it does. */
  readonly thinks: boolean
}

interface Specification {
  readonly context_window?: number
  readonly max_output_tokens?: number
  readonly reasoning_tokens?: boolean
}

const specifications = new Map(Object.entries(catalogue as Readonly<Record<string, Specification>>))
const names = [...specifications.keys()].toSorted((a, b) => b.length - a.length)

/** The bare name: without a router's vendor in front (`openai/gpt-4o`), or the frame of a fine-tuned one (`ft:…:org`). */
const bareName = (model: string): string => model.slice(model.lastIndexOf('/') + 1).replace(/^ft:([^:]+).*$/, '$1')

/** A model of the catalogue by its name, or by the longest name that it is a version of; undefined when there is none. */
export function findOpenAiModel(model: string): OpenAiModel | undefined {
  const bare = bareName(model)
  const known = specifications.has(bare) ? bare : names.find((name) => bare.startsWith(`${name}-`))
  const found = known === undefined ? undefined : specifications.get(known)
  if (found?.context_window === undefined) return undefined
  return {
    contextWindow: found.context_window,
    maxOutputTokens: boundOutput(found.max_output_tokens ?? Infinity, found.context_window),
    thinks: found.reasoning_tokens === true,
  }
}
