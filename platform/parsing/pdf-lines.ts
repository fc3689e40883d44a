// From positioned runs of text, as pdf.js gives them, to headings and paragraphs: by line gaps and letter sizes.
// Only for PDFs that the layout parser can't read, so it finds no tables, lists or columns.
import type { BoundingBox } from '../../domain/documents/element.ts'
import { unionOf } from './bounding-box.ts'
import type { ElementCollector } from './element-collector.ts'

export interface TextRun {
  readonly text: string
  readonly page: number
  /** From the page's top left corner, in points; the letter size is its height. */
  readonly bbox: BoundingBox
  readonly endsLine: boolean
}

interface Line {
  readonly text: string
  readonly page: number
  readonly bbox: BoundingBox
  readonly size: number
}

function toLines(runs: readonly TextRun[]): readonly Line[] {
  const lines: Line[] = []
  let open: Line | undefined
  const end = (): void => {
    if (open !== undefined) lines.push(open)
    open = undefined
  }
  for (const { text, page, bbox, endsLine } of runs) {
    if (open?.page !== page) end()
    const size = Math.round(bbox[3] - bbox[1])
    if (open === undefined) open = text.trim() === '' ? undefined : { text, page, bbox, size }
    else if (text.trim() === '') open = { ...open, text: open.text + text }
    else open = { page, text: open.text + text, bbox: unionOf([open.bbox, bbox]), size: Math.max(open.size, size) }
    if (endsLine) end()
  }
  end()
  return lines
}

/** The letter size that most of the text has. */
function bodySize(lines: readonly Line[]): number {
  const weights = new Map<number, number>()
  for (const { size, text } of lines) weights.set(size, (weights.get(size) ?? 0) + text.length)
  return [...weights].reduce((best, entry) => (entry[1] > best[1] ? entry : best), [0, 0])[0]
}

const longestHeading = 120

/** Adds the elements of a whole document; the sizes of headings, largest first, give their levels. */
export function addRuns(collector: ElementCollector, runs: readonly TextRun[]): void {
  const lines = toLines(runs)
  const body = bodySize(lines)
  const isHeading = ({ size, text }: Line): boolean => size >= body * 1.15 && text.length <= longestHeading
  const sizes = [...new Set(lines.filter(isHeading).map((line) => line.size))].sort((a, b) => b - a)
  let open: Line | undefined
  const end = (): void => {
    if (open === undefined) return
    const place = { page: open.page, bbox: open.bbox }
    if (isHeading(open)) collector.heading(Math.min(sizes.indexOf(open.size) + 1, 6), open.text, place)
    else collector.add('paragraph', open.text.replaceAll(/\s+/g, ' '), place)
    open = undefined
  }
  for (const line of lines) {
    const gap = open === undefined ? 0 : line.bbox[1] - open.bbox[3]
    const goesOn =
      open !== undefined &&
      open.page === line.page &&
      Math.abs(open.size - line.size) <= 1 &&
      gap < line.size * 0.8 &&
      gap > -line.size
    if (open === undefined || !goesOn) {
      end()
      open = line
    } else open = { ...open, text: joinLines(open.text, line.text), bbox: unionOf([open.bbox, line.bbox]) }
  }
  end()
}

/** A hyphen between small letters at a line's end was put there by the typesetter. */
const joinLines = (first: string, second: string): string =>
  /\p{Ll}[-‐]$/u.test(first) && /^\p{Ll}/u.test(second) ? first.slice(0, -1) + second : `${first} ${second}`
