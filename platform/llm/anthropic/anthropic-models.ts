// What is known of Anthropic's models, by family and version, from its published table of models (October 2026).
// A name that fits no row is a compatible server's: it gets a default that the configuration can change.
import { boundOutput, type ModelLimits } from '../model-limits.ts'

export interface AnthropicModel extends ModelLimits {
  /** It refuses a request that sets `temperature`, and thinks before it answers, mostly unseen. */
  readonly thinks: boolean
}

interface Row {
  /** Of the bare name, such as `claude-haiku-4-5-20251001`. */
  readonly names: RegExp
  readonly contextWindow: number
  readonly maxOutput: number
  readonly thinks: boolean
}

/** The first row that fits counts: exceptions stand above the rule. */
const rows: readonly Row[] = [
  { names: /^claude-(?:3-haiku|3-opus|3-sonnet)/, contextWindow: 200_000, maxOutput: 4_096, thinks: false },
  { names: /^claude-3-5/, contextWindow: 200_000, maxOutput: 8_192, thinks: false },
  { names: /^claude-3-7/, contextWindow: 200_000, maxOutput: 64_000, thinks: false },
  { names: /^claude-opus-4(?:-[01])?(?:-\d{8})?$/, contextWindow: 200_000, maxOutput: 32_000, thinks: false },
  { names: /^claude-[a-z]+-4(?:-[05])?(?:-\d{8})?$/, contextWindow: 200_000, maxOutput: 64_000, thinks: false },
  { names: /^claude-[a-z]+-4-6/, contextWindow: 1_000_000, maxOutput: 128_000, thinks: false },
  { names: /^claude-[a-z]+-/, contextWindow: 1_000_000, maxOutput: 128_000, thinks: true },
]

/** A model by its name, or by the family that it is a version of; undefined when there is none. */
export function findAnthropicModel(model: string): AnthropicModel | undefined {
  // Without a router's vendor in front, and the alias `-latest`.
  const bare = model.slice(model.lastIndexOf('/') + 1).replace(/-latest$/, '')
  const found = rows.find(({ names }) => names.test(bare))
  if (found === undefined) return undefined
  const { contextWindow, maxOutput, thinks } = found
  return { contextWindow, maxOutputTokens: boundOutput(maxOutput, contextWindow), thinks }
}
