// Collects a document's elements in reading order, and knows which headings stand above each.
// Every parser writes through it, so that empty elements, dirty text and outsized results end here.
import type { BoundingBox, DocumentElement, ElementKind } from '../../domain/documents/element.ts'
import { documentLimits } from '../../domain/documents/limits.ts'
import { tableText } from '../../domain/documents/table-text.ts'
import { AppError } from '../../domain/errors.ts'
import { cleanLine, cleanText } from './clean-text.ts'

/** What is set as a heading but longer than this, in characters, is a paragraph. */
const longestHeading = 500

export interface ElementPlace {
  readonly page?: number
  readonly bbox?: BoundingBox
}

export interface ElementCollector {
  readonly elements: readonly DocumentElement[]
  /** A heading of `level` (1 is the outermost) ends all sections of its level and below. */
  heading(level: number, text: string, place?: ElementPlace): void
  add(kind: Exclude<ElementKind, 'heading' | 'table' | 'image'>, text: string, place?: ElementPlace): void
  /** Rows of cell texts, the first row is the header; short rows are filled up, empty rows and columns dropped. */
  table(rows: readonly (readonly string[])[], place?: ElementPlace): void
}

/** Throws from its methods AppError `document.limit_exceeded` once texts and heading paths together pass the limit. */
export function createElementCollector(limitBytes: number = documentLimits.outputBytes): ElementCollector {
  const elements: DocumentElement[] = []
  const open: { readonly level: number; readonly text: string }[] = []
  let size = 0

  const push = (element: Omit<DocumentElement, 'headingPath'>): void => {
    size += Buffer.byteLength(element.text) + open.reduce((sum, heading) => sum + heading.text.length, 0)
    if (size > limitBytes)
      throw new AppError('document.limit_exceeded', {
        detail: `The document holds more than ${Math.floor(limitBytes / 2 ** 20)} MB of text.`,
      })
    elements.push({ ...element, headingPath: open.map((heading) => heading.text) })
  }

  return {
    elements,
    heading: (level, text, place = {}) => {
      const line = cleanLine(text)
      if (line === '') return
      if (line.length > longestHeading) {
        push({ kind: 'paragraph', text: line, ...place })
        return
      }
      while ((open.at(-1)?.level ?? 0) >= level) open.pop()
      push({ kind: 'heading', text: line, level, ...place })
      open.push({ level, text: line })
    },
    add: (kind, text, place = {}) => {
      const cleaned = cleanText(text)
      if (cleaned !== '') push({ kind, text: cleaned, ...place })
    },
    table: (rows, place = {}) => {
      const cells = squareCells(rows)
      if (cells.length > 0) push({ kind: 'table', text: tableText(cells), cells, ...place })
    },
  }
}

function squareCells(rows: readonly (readonly string[])[]): readonly (readonly string[])[] {
  const full = rows.map((row) => row.map(cleanLine)).filter((row) => row.some((cell) => cell !== ''))
  const width = full.reduce((widest, row) => Math.max(widest, row.length), 0)
  const columns = Array.from({ length: width }, (_, column) => column).filter((column) =>
    full.some((row) => (row[column] ?? '') !== ''),
  )
  return full.map((row) => columns.map((column) => row[column] ?? ''))
}
