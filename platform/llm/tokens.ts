// Counts tokens: for chunk sizes, context budgets, and the usage that a provider didn't send.
// The vocabulary takes 0.2 s and 65 MB to load, so it is loaded at the first count: who never counts stays light.
import { createRequire } from 'node:module'
import type * as o200k from 'gpt-tokenizer/encoding/o200k_base'

type Tokenizer = Pick<typeof o200k, 'countTokens'>

/** Counting takes time in the square of an unbroken run (40 s for 200,000 equal characters), so longer ones are cut. */
const longestRun = 200
const longRuns = new RegExp(`\\S{${longestRun + 1},}|\\s{${longestRun + 1},}`, 'gu')

const load = createRequire(import.meta.url)
let tokenizer: Tokenizer | undefined

function count(text: string): number {
  if (text === '') return 0
  tokenizer ??= load('gpt-tokenizer/encoding/o200k_base') as Tokenizer
  return tokenizer.countTokens(text, { allowedSpecial: 'all' })
}

function countRun(run: string): number {
  let tokens = 0
  for (let from = 0, to = 0; from < run.length; from = to) {
    to = from + longestRun
    const splitsPair = /[\uDC00-\uDFFF]/.test(run.charAt(to))
    if (splitsPair) to -= 1
    tokens += count(run.slice(from, to))
  }
  return tokens
}

/**
 * Tokens of a text by OpenAI's o200k_base (all its models since GPT-4o). Exact, but for runs of more than 200
 * characters without a break, which may come out a few tokens high. Markers such as `<|endoftext|>` are mere text.
 */
export function countTokens(text: string): number {
  let tokens = 0
  let from = 0
  for (const match of text.matchAll(longRuns)) {
    tokens += count(text.slice(from, match.index)) + countRun(match[0])
    from = match.index + match[0].length
  }
  return tokens + count(text.slice(from))
}

const counted = new Map<string, number>()
const mostCounted = 2_000
const longestCounted = 4_000

/**
 * For prompts: a chat's messages come again with each of its turns. Not for parts that are cut out of a long text, which
 * as keys would keep all of that text in memory.
 */
function countOnce(text: string): number {
  const known = counted.get(text)
  if (known !== undefined) return known
  const tokens = countTokens(text)
  if (counted.size >= mostCounted) counted.clear()
  if (text.length <= longestCounted) counted.set(text, tokens)
  return tokens
}

/** How many tokens another vocabulary makes, at most, of a text that o200k_base makes one token of. */
interface Margin {
  /** English and code. */
  readonly ascii: number
  readonly other: number
}

/** Measured: cl100k_base 1.0 (English, code) to 2.1 (Russian), p50k_base 1.2 to 1.4 on English and code. */
const usualMargin: Margin = { ascii: 1.4, other: 2.1 }
/**
 * Anthropic publishes no tokenizer. Its older one is reported at up to 1.3 on code, and the newer ones are published as
 * about 1.3 times that, at most 1.35: so 1.76 on code. Outside English nothing is known but the bound of one a byte.
 */
const anthropicMargin: Margin = { ascii: 2, other: 3 }

function estimateWith(text: string, margin: Margin): number {
  const bytes = Buffer.byteLength(text)
  return Math.min(Math.ceil(countOnce(text) * (bytes > text.length * 1.005 ? margin.other : margin.ascii)), bytes)
}

/** An estimate from above, for a model whose tokenizer isn't o200k_base; never more than one token a UTF-8 byte. */
export const estimateTokens = (text: string): number => estimateWith(text, usualMargin)

/** The same for Anthropic's models. */
export const estimateAnthropicTokens = (text: string): number => estimateWith(text, anthropicMargin)

const o200kModels = /^(?:gpt-(?:4o|4\.1|4\.5|[5-9]|oss)|chatgpt-4o|o[1-9])/

/** The counter for a model by its `provider/model` name: exact where its tokenizer is known, else from above. */
export function tokenCounterFor(name: string): (text: string) => number {
  const [provider, model] = [name.slice(0, name.indexOf('/')), name.slice(name.indexOf('/') + 1)]
  if (provider === 'anthropic') return estimateAnthropicTokens
  return provider === 'offline' || (provider === 'openai' && o200kModels.test(model)) ? countOnce : estimateTokens
}
