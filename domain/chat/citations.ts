// From the `[n]` markers of an answer to citations that can be checked: which chunk, which page, which words.
// A marker counts only when it points at a retrieved passage; the quote is always the chunk's own text, letter by letter.
import type { ChunkSpan } from '../documents/chunk-types.ts'
import type { Citation } from './chat.ts'
import type { Passage } from './model-message.ts'
import { type SentenceSpan, splitSentences } from './sentences.ts'
import { termsOf, termWeights } from './terms.ts'

/** A retrieved passage whose text is a chunk's, with what a citation needs to know of the chunk. */
export interface CitablePassage extends Passage {
  readonly chunkId: string
  readonly documentId: string
  readonly spans: readonly ChunkSpan[]
}

/** `[1]`, `[1, 2]`, `[1][2]`; not a footnote `[^1]`, and not in code, where brackets are indices. */
const markers = /\[(\s*\d{1,4}(?:\s*[,;]\s*\d{1,4})*\s*)\]/g
const code = /```[\s\S]*?(?:```|$)|`[^`\n]*`/g

/** A quote has at most this many sentences in a row. */
const longestQuote = 3
/** A sentence more must raise the agreement by this much, so that quotes stay short. */
const worthASentence = 1.1

const blank = (text: string): string => ' '.repeat(text.length)

interface Claim {
  readonly marker: number
  /** The sentence of the answer that the marker stands in, without markers. */
  readonly text: string
}

/** Each marker's first use, in order. White space after a sentence belongs to it, and so do the markers there. */
function findClaims(content: string): Claim[] {
  const prose = content.replace(code, blank)
  const plain = prose.replace(markers, blank)
  const sentences = splitSentences(plain)
  const claims = new Map<number, Claim>()
  for (const match of prose.matchAll(markers)) {
    const sentence = sentenceAt(plain, sentences, match.index)
    const text = sentence === undefined ? '' : plain.slice(sentence.start, sentence.end)
    for (const number of (match[1] ?? '').split(/[,;]/)) {
      const marker = Number(number)
      if (!claims.has(marker)) claims.set(marker, { marker, text })
    }
  }
  return [...claims.values()]
}

function sentenceAt(text: string, sentences: readonly SentenceSpan[], offset: number): SentenceSpan | undefined {
  const before = sentences.findLast((sentence) => sentence.start <= offset)
  const after = sentences.find((sentence) => sentence.start > offset)
  if (before === undefined || after === undefined) return before ?? after
  const startsLine = offset >= before.end && text.slice(before.end, offset).includes('\n')
  const leadsTheNext = startsLine && !text.slice(offset, after.start).includes('\n')
  return leadsTheNext ? after : before
}

const quoted = /[“"„«]([^“”"„«»]{12,})[”"“»]/gu

/** Where the text of a claim's own quotation stands in the passage, if it is verbatim. */
function findVerbatim(claim: string, text: string): SentenceSpan | undefined {
  for (const match of claim.matchAll(quoted)) {
    const words = (match[1] ?? '').trim()
    const start = words === '' ? -1 : text.indexOf(words)
    if (start !== -1) return { start, end: start + words.length }
  }
  return undefined
}

/** The sentences of the passage that say most of what the claim says: a weighted Dice coefficient over their words. */
function findQuote(claim: string, answer: string, text: string): SentenceSpan {
  const sentences = splitSentences(text)
  const whole = { start: 0, end: text.length }
  const [first, last] = [sentences[0], sentences.at(-1)]
  if (first === undefined || last === undefined) return whole
  const verbatim = findVerbatim(claim, text)
  if (verbatim !== undefined) return coverSentences(sentences, verbatim)
  const terms = sentences.map((sentence) => new Set(termsOf(text.slice(sentence.start, sentence.end))))
  return bestRun(sentences, terms, claim) ?? bestRun(sentences, terms, answer) ?? first
}

function coverSentences(sentences: readonly SentenceSpan[], { start, end }: SentenceSpan): SentenceSpan {
  const covered = sentences.filter((sentence) => sentence.end > start && sentence.start < end)
  return { start: Math.min(start, covered[0]?.start ?? start), end: Math.max(end, covered.at(-1)?.end ?? end) }
}

function bestRun(
  sentences: readonly SentenceSpan[],
  terms: readonly ReadonlySet<string>[],
  claim: string,
): SentenceSpan | undefined {
  const wanted = new Set(termsOf(claim))
  const weightOf = termWeights(terms)
  const weigh = (set: Iterable<string>): number => [...set].reduce((total, term) => total + weightOf(term), 0)
  const wantedWeight = weigh(wanted)
  let best: { readonly span: SentenceSpan; readonly score: number } | undefined
  for (let length = 1; length <= longestQuote; length++) {
    for (let from = 0; from + length <= sentences.length; from++) {
      const run = new Set(terms.slice(from, from + length).flatMap((set) => [...set]))
      const shared = weigh([...wanted].filter((term) => run.has(term)))
      const score = (2 * shared) / (wantedWeight + weigh(run)) / worthASentence ** (length - 1)
      const [start, end] = [sentences[from]?.start, sentences[from + length - 1]?.end]
      if (start === undefined || end === undefined || !(score > (best?.score ?? 0))) continue
      best = { span: { start, end }, score }
    }
  }
  return best?.span
}

/** The page where a place of the chunk's text lies: of the span that holds it, else of the nearest one before it. */
const pageAt = (passage: CitablePassage, offset: number): number | null =>
  passage.spans.findLast((span) => span.start <= offset)?.page ?? passage.page

/** The citations of an answer, in order of first use; markers that point at no passage are left out. */
export function extractCitations(content: string, passages: readonly CitablePassage[]): Citation[] {
  return findClaims(content).flatMap(({ marker, text }) => {
    const passage = passages.find((candidate) => candidate.marker === marker)
    if (passage === undefined) return []
    const { start, end } = findQuote(text, content, passage.text)
    return {
      marker,
      chunkId: passage.chunkId,
      documentId: passage.documentId,
      documentTitle: passage.documentTitle,
      page: pageAt(passage, start),
      quote: passage.text.slice(start, end),
    }
  })
}
