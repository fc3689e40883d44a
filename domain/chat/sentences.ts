// Cuts text into sentences by Unicode's rules (UAX 29), with their places, so that a quote can be verbatim.
// Text from PDFs is broken at every line: a break inside a sentence is seen as a space, one between items isn't.

/** Offsets are UTF-16 indices, end exclusive; the text between them starts and ends without white space. */
export interface SentenceSpan {
  readonly start: number
  readonly end: number
}

const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' })

/** A line shorter than this wasn't broken for want of room. */
const wrappedLine = 40
const endsSentence = /[.!?:;|…。！？][”’"')\]]*\s*$/u
const startsItem = /^\s*(?:[-*•–—#|>]|\d+[.)]|\p{L}[.)]\s|$)/u

/** The same text, as long as before, with a space for each line break that lies inside a sentence. */
function joinWrappedLines(text: string): string {
  const lines = text.split('\n')
  return lines.reduce((joined, line, index) => {
    const before = lines[index - 1] ?? ''
    const wrapped = before.trim().length >= wrappedLine && !endsSentence.test(before) && !startsItem.test(line)
    return `${joined}${wrapped ? ' ' : '\n'}${line}`
  })
}

/** The sentences of a text in order. A line of a list or a table counts as one. */
export function splitSentences(text: string): SentenceSpan[] {
  const spans: SentenceSpan[] = []
  for (const { segment, index } of segmenter.segment(joinWrappedLines(text))) {
    const trimmed = segment.trim()
    if (trimmed === '') continue
    const start = index + segment.indexOf(trimmed)
    spans.push({ start, end: start + trimmed.length })
  }
  return spans
}
