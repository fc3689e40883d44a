// Cuts a text that is over its budget at the best boundaries there are: paragraphs, then lines (where lines mean
// something), then sentences, then words, and inside a word only when it is over the budget by itself.
import { type Steps, inOneGo } from '../steps.ts'

/** Where a piece stands in its text, in UTF-16 indices, end exclusive. */
export interface TextRange {
  readonly start: number
  readonly end: number
}

export interface Budget {
  readonly tokens: number
  /** Tokens of a text together with all that will stand around it. */
  readonly measure: (text: string) => number
}

/** No text has this many characters to a token for long; longer texts aren't worth counting, which may be slow. */
const mostCharactersPerToken = 16
const usualCharactersPerToken = 4

export const fitsBudget = (text: string, { tokens, measure }: Budget): boolean =>
  text.length <= tokens * mostCharactersPerToken && measure(text) <= tokens

const words = new Intl.Segmenter('und', { granularity: 'word' })
const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' })
const sentences = new Intl.Segmenter('und', { granularity: 'sentence' })

type Cut = (text: string) => Iterable<TextRange>

const cutAt = (separator: RegExp): Cut =>
  function* (text) {
    let start = 0
    for (const match of text.matchAll(separator)) {
      yield { start, end: match.index }
      start = match.index
    }
    yield { start, end: text.length }
  }

/** The last boundary of a word at or before `index`, else of a character as readers see it, else of a code point. */
function boundaryBefore(text: string, index: number): number {
  const word = words.segment(text).containing(index)?.index ?? index
  if (word > 0) return word
  const grapheme = graphemes.segment(text).containing(index)?.index ?? index
  if (grapheme > 0) return grapheme
  return index > 1 && /[\uDC00-\uDFFF]/.test(text.charAt(index)) ? index - 1 : index
}

/** `length`, or less where that would cut a word. */
function windowLength(text: string, start: number, length: number): number {
  const behind = text.slice(start, start + length + 64)
  return length < behind.length ? boundaryBefore(behind, length) : behind.length
}

/** The segmenter takes time in the square of a text's length, so it sees a window at a time. */
const sentenceWindow = 4_096

const cutSentences: Cut = function* (text) {
  for (let start = 0; start < text.length; ) {
    const window = text.slice(start, start + windowLength(text, start, sentenceWindow))
    const found = [...sentences.segment(window)]
    // The last sentence of a window may go on behind it, so the next window begins with it.
    const whole = start + window.length === text.length || found.length === 1 ? found : found.slice(0, -1)
    for (const { index, segment } of whole) yield { start: start + index, end: start + index + segment.length }
    start += whole.reduce((length, { segment }) => length + segment.length, 0)
  }
}

const cutParagraphs = cutAt(/\n\s*\n/g)
const cutLines = cutAt(/\n/g)

/** Pieces of as many words as fit. */
const cutWords = (budget: Budget): Cut =>
  function* (text) {
    for (let start = 0, end = 0; start < text.length; start = end) {
      let length = Math.min(text.length - start, budget.tokens * usualCharactersPerToken)
      for (;;) {
        end = start + windowLength(text, start, length)
        const tokens = budget.measure(text.slice(start, end))
        if (tokens <= budget.tokens || length === 1) break
        length = Math.max(1, Math.floor(length * Math.min(budget.tokens / tokens, 0.9)))
      }
      // A pair of surrogates is one character: it never ends up in two pieces.
      if (/^[\uDC00-\uDFFF]/.test(text.charAt(end)) && end - start === 1) end++
      yield { start, end }
    }
  }

/** Without white space at the ends; indentation stays where lines mean something. Undefined when nothing is left. */
function trimRange(text: string, { start, end }: TextRange, keepIndent: boolean): TextRange | undefined {
  const slice = text.slice(start, end)
  const leading = (keepIndent ? /^\s*\n/ : /^\s*/).exec(slice)?.[0].length ?? 0
  const trailing = slice.length - slice.trimEnd().length
  return slice.trim() === '' ? undefined : { start: start + leading, end: end - trailing }
}

/**
 * Ranges that each fit the budget, in order; together they hold everything but white space. `lines`: the text's lines
 * mean something (lists, code), so they are kept together before sentences are.
 */
export function* splitText(text: string, budget: Budget, { lines = false } = {}): Steps<readonly TextRange[]> {
  const cuts = [cutParagraphs, ...(lines ? [cutLines] : []), cutSentences, cutWords(budget)]
  const parts: TextRange[] = []
  const split = function* (range: TextRange, level: number): Steps<void> {
    yield
    const trimmed = trimRange(text, range, lines)
    const cut = cuts[level]
    if (trimmed === undefined) return
    const slice = text.slice(trimmed.start, trimmed.end)
    if (cut === undefined || fitsBudget(slice, budget)) parts.push(trimmed)
    else
      for (const { start, end } of cut(slice))
        yield* split({ start: trimmed.start + start, end: trimmed.start + end }, level + 1)
  }
  yield* split({ start: 0, end: text.length }, 0)
  return parts
}

/** The longest beginning that fits the budget. */
export function startOfText(text: string, budget: Budget): string {
  const [start] = inOneGo(splitText(text.slice(0, budget.tokens * mostCharactersPerToken), budget))
  return start === undefined ? '' : text.slice(start.start, start.end)
}
