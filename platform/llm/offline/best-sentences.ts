// The sentences of the passages that say most about a question: by shared words, the rare ones counting more.
// No understanding: a sentence counts when it holds enough of what the question is about.
import type { Passage } from '../../../domain/chat/model-message.ts'
import { splitSentences } from '../../../domain/chat/sentences.ts'
import { termsOf, termWeights } from '../../../domain/chat/terms.ts'

export interface FoundSentence {
  readonly marker: number
  /** A part of the passage's text, letter by letter. */
  readonly text: string
}

const mostSentences = 3
/** The least share of the question's weight that a sentence must hold to count as an answer. */
const leastCoverage = 0.25
/** Beside the best sentence, others must come this near to it. */
const besideBest = 0.7

interface Scored extends FoundSentence {
  readonly score: number
}

/** A heading or a question repeats the question's words without answering it. */
function substance(text: string, terms: number): number {
  if (/[?？]["”’')\]]*$/u.test(text)) return 0.5
  return terms < 4 && !/[.!。！:|]["”’')\]]*$/u.test(text) ? 0.5 : 1
}

/** Up to three sentences, the best first; none when no sentence says enough about the question. */
export function findBestSentences(question: string, passages: readonly Passage[]): FoundSentence[] {
  const sentences = passages.flatMap(({ marker, text, headingPath }) => {
    const context = termsOf(headingPath.join(' '))
    return splitSentences(text).map(({ start, end }) => {
      const own = new Set(termsOf(text.slice(start, end)))
      return { marker, text: text.slice(start, end), own, context: new Set(context) }
    })
  })
  const wanted = [...new Set(termsOf(question))]
  const weightOf = termWeights(sentences.map(({ own, context }) => new Set([...own, ...context])))
  const weigh = (terms: readonly string[]): number => terms.reduce((total, term) => total + weightOf(term), 0)
  const total = weigh(wanted)
  const scored = sentences.map(({ marker, text, own, context }): Scored => {
    const held = weigh(wanted.filter((term) => own.has(term)))
    const around = weigh(wanted.filter((term) => !own.has(term) && context.has(term)))
    return { marker, text, score: total === 0 ? 0 : ((held + around / 2) / total) * substance(text, own.size) }
  })
  return select(scored)
}

/** Ranked by score; equal ones stay in the order of the passages, which is that of their rank. */
function select(scored: readonly Scored[]): FoundSentence[] {
  const ranked = scored.filter(({ score }) => score >= leastCoverage).toSorted((a, b) => b.score - a.score)
  const near = ranked.filter(({ score }) => score >= (ranked[0]?.score ?? 0) * besideBest)
  const distinct = near.filter(({ text }, index) => near.findIndex((other) => other.text === text) === index)
  return distinct.slice(0, mostSentences).map(({ marker, text }) => ({ marker, text }))
}
