// Cuts a document's elements into the chunks that are embedded, searched and cited (docs/decisions/004-own-chunker.md).
// A chunk never crosses a section, and no chunk is over its budget, whatever the document holds.
import type { Steps } from '../steps.ts'
import type { Chunk, ChunkSpan } from './chunk-types.ts'
import type { DocumentElement } from './element.ts'
import { fitHeadingPath, headingLine, showsHeading } from './heading-path.ts'
import { pack } from './pack.ts'
import { splitTable } from './split-table.ts'
import { type Budget, fitsBudget, splitText } from './split-text.ts'

export interface ChunkOptions {
  readonly countTokens: (text: string) => number
  /** Tokens of heading path and text together; at least 32. */
  readonly maxTokens?: number
}

/** What is embedded: the heading path in front of the text. */
export const contextualText = ({ headingPath, text }: Pick<Chunk, 'headingPath' | 'text'>): string =>
  headingPath.length === 0 ? text : `${headingLine(headingPath)}\n\n${text}`

/** Elements that follow one another below the same headings. */
interface Run {
  readonly path: readonly string[]
  /** What of the path fits. */
  readonly shown: readonly string[]
  readonly isHeading: boolean
  readonly elements: DocumentElement[]
}

/** A part of an element that fits into a chunk; `gap` stood between it and the part before it. */
interface Piece {
  readonly element: DocumentElement
  readonly text: string
  readonly gap: string
}

const samePath = (a: readonly string[], b: readonly string[]): boolean =>
  a === b || (a.length === b.length && a.every((heading, index) => heading === b[index]))

function* toRuns(elements: readonly DocumentElement[], pathBudget: Budget): Steps<readonly Run[]> {
  const runs: Run[] = []
  for (const element of elements) {
    yield
    if (element.text.trim() === '') continue
    const last = runs.at(-1)
    const isHeading = element.kind === 'heading'
    if (last !== undefined && !isHeading && !last.isHeading && samePath(last.path, element.headingPath))
      last.elements.push(element)
    else {
      const path = element.headingPath
      const shown = last !== undefined && samePath(last.path, path) ? last.shown : fitHeadingPath(path, pathBudget)
      runs.push({ path, shown, isHeading, elements: [element] })
    }
  }
  return runs
}

/** A heading is text of its own only when the chunk after it doesn't show it in its path. */
function withoutShownHeadings(runs: readonly Run[]): readonly Run[] {
  const kept: Run[] = []
  for (const run of runs.toReversed()) {
    const next = kept.at(-1)
    const [element] = run.elements
    if (run.isHeading && element !== undefined && next !== undefined) {
      if (showsHeading(next, element)) continue
      if (next.isHeading && samePath(next.path, run.path)) {
        next.elements.unshift(element)
        continue
      }
    }
    kept.push(run)
  }
  return kept.toReversed()
}

const gapOf = (between: string): string =>
  /\n\s*\n/.test(between) ? '\n\n' : between.includes('\n') ? '\n' : between === '' ? '' : ' '

function* toPieces(element: DocumentElement, budget: Budget): Steps<readonly Piece[]> {
  yield
  const whole = element.text.trim()
  if (fitsBudget(whole, budget)) return [{ element, text: whole, gap: '\n\n' }]
  if (element.kind === 'table' && element.cells !== undefined)
    return (yield* splitTable(element.cells, budget)).map((text) => ({ element, text, gap: '\n\n' }))
  const lines = element.kind !== 'paragraph' && element.kind !== 'heading'
  let end = 0
  return (yield* splitText(whole, budget, { lines })).map((range) => {
    const gap = gapOf(whole.slice(end, range.start))
    end = range.end
    return { element, text: whole.slice(range.start, range.end), gap }
  })
}

function assemble(pieces: readonly Piece[]): Pick<Chunk, 'text' | 'spans'> {
  let text = ''
  let last: DocumentElement | undefined
  const spans: ChunkSpan[] = []
  for (const { element, text: part, gap } of pieces) {
    const goesOn = element === last
    if (text !== '') text += goesOn ? gap : '\n\n'
    const start = goesOn ? (spans.pop()?.start ?? text.length) : text.length
    text += part
    const { page, bbox } = element
    spans.push({
      start,
      end: text.length,
      ...(page === undefined ? {} : { page }),
      ...(bbox === undefined ? {} : { bbox }),
    })
    last = element
  }
  return { text, spans }
}

/** In steps, because a large document takes seconds. Throws RangeError when `maxTokens` is too small for any text to be sure to fit. */
export function* chunkElements(
  elements: readonly DocumentElement[],
  { countTokens, maxTokens = 512 }: ChunkOptions,
): Steps<Chunk[]> {
  if (maxTokens < 32) throw new RangeError('A chunk has at least 32 tokens.')
  const chunks: Chunk[] = []
  const runs = yield* toRuns(elements, { tokens: Math.floor(maxTokens / 2), measure: countTokens })
  for (const { shown: headingPath, elements: members } of withoutShownHeadings(runs)) {
    const measure = (text: string): number => countTokens(contextualText({ headingPath, text }))
    const budget: Budget = { tokens: maxTokens, measure }
    const pieces: Piece[] = []
    for (const element of members) for (const piece of yield* toPieces(element, budget)) pieces.push(piece)
    const groups = yield* pack(pieces, {
      // One token for what joins it to the piece before.
      size: ({ text }) => countTokens(text) + 1,
      budget: maxTokens - measure('') + 1,
      fits: (group) => measure(assemble(group).text) <= maxTokens,
    })
    for (const group of groups) {
      yield
      const { text, spans } = assemble(group)
      chunks.push({ ordinal: chunks.length, text, headingPath, tokenCount: measure(text), spans })
    }
  }
  return chunks
}
