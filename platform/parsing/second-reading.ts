// When a PDF is read a second time by the other parser, and which of the two readings is kept.
// Always reading twice would double the cost, so only signs of a poor reading lead to it.
import type { ParsedDocument } from '../../domain/documents/element.ts'

/** Characters a page on average below which text may have been missed: a full page has some 2,000. */
const thinPage = 200
/** Below this share of the other reading's text, the first one has missed something. */
const enough = 0.6
/** The first parser gives the words of right-to-left lines in the wrong order. */
const rightToLeftShare = 0.3

const rightToLeft = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]+/gu

function measure({ elements }: ParsedDocument): { readonly letters: number; readonly rightToLeft: number } {
  const counts = { letters: 0, rightToLeft: 0 }
  for (const { text } of elements) {
    const dense = text.replaceAll(/\s+/g, '')
    counts.letters += dense.length
    counts.rightToLeft += dense.length - dense.replaceAll(rightToLeft, '').length
  }
  return counts
}

const isRightToLeft = (counts: ReturnType<typeof measure>): boolean =>
  counts.rightToLeft > counts.letters * rightToLeftShare

export function needsSecondReading(first: ParsedDocument): boolean {
  const counts = measure(first)
  return counts.letters < thinPage * (first.pageCount ?? 1) || isRightToLeft(counts)
}

export function isBetterReading(second: ParsedDocument, first: ParsedDocument): boolean {
  const counts = measure(first)
  const other = measure(second)
  return isRightToLeft(counts) ? other.letters >= counts.letters * enough : counts.letters < other.letters * enough
}
