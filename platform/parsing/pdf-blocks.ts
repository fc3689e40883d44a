// From liteparse's layout blocks to elements. The blocks come as Markdown fragments; elements hold plain text.
// liteparse sees tables in dense columns of prose: what reads like prose is put back into paragraphs.
import type { LayoutBlock, ParsedPage } from '@llamaindex/liteparse'
import { boundingBox, unionOf } from './bounding-box.ts'
import type { ElementCollector } from './element-collector.ts'

/** What is kept of a page once it has been read. */
export interface PageLayout extends Pick<ParsedPage, 'pageNum' | 'height' | 'text'> {
  readonly blocks: readonly LayoutBlock[]
}

/** In paragraphs and list items only `\`, `*` and `_` are escaped; emphasis is bare. */
export const plainText = (markdown: string): string =>
  markdown.replaceAll(/\\([\\*_])|\*{1,3}|~~/g, (_, escaped: string | undefined) => escaped ?? '')

function placeOf(page: number, blocks: readonly LayoutBlock[]) {
  const boxes = blocks.flatMap((block) => (block.bbox === undefined ? [] : [boundingBox(block.bbox)]))
  return boxes.length === 0 ? { page } : { page, bbox: unionOf(boxes) }
}

const meanLength = (cells: readonly string[]): number => {
  const filled = cells.filter((cell) => cell !== '')
  return filled.reduce((sum, cell) => sum + cell.length, 0) / Math.max(filled.length, 1)
}

/**
 * The paragraphs of a table that isn't one, or undefined for a table. One column is never a table. Two columns are
 * prose when both hold long cells, or when the left one goes on in lower case beside long cells; they are read down
 * the columns, unless the left one is only the first word of each line.
 */
export function proseOf(rows: readonly (readonly string[])[]): readonly string[] | undefined {
  const width = Math.max(0, ...rows.map((row) => row.length))
  if (width < 2) return [rows.map((row) => row[0] ?? '').join('\n')]
  if (width > 2) return undefined
  const left = rows.map((row) => row[0] ?? '')
  const right = rows.map((row) => row[1] ?? '')
  const flowing = left.filter((cell) => /^\p{Ll}/u.test(cell)).length * 2 >= left.length && meanLength(right) > 25
  const dense = meanLength(left) > 40 && meanLength(right) > 40
  const longest = Math.max(...left.map((cell) => cell.length), ...right.map((cell) => cell.length))
  if (!flowing && !dense && longest <= 600) return undefined
  if (meanLength(left) < 12) return [rows.map((row) => row.join(' ')).join(' ')]
  return [left.join(' '), right.join(' ')]
}

const rowsOf = ({ header, rows }: LayoutBlock): readonly (readonly string[])[] =>
  [...(header === undefined ? [] : [header]), ...(rows ?? [])].map((row) => row.map((cell) => cell.text))

const listLine = ({ level = 0, marker, ordered, text = '' }: LayoutBlock): string =>
  `${'  '.repeat(level)}${ordered === true ? (marker ?? '-') : '-'} ${plainText(text)}`

const blockText = (block: LayoutBlock): string =>
  [block.text ?? '', ...(block.lines ?? []), ...rowsOf(block).flat()].join(' ')

const letters = (text: string): number => text.replaceAll(/[^\p{L}\p{N}]+/gu, '').length

/** Layout analysis gives up on some pages (rotated text, text in figures) though their text was read. */
const blocksMissText = ({ blocks, text }: PageLayout): boolean =>
  letters(blocks.map(blockText).join(' ')) < letters(text) * 0.6

function addBlock(collector: ElementCollector, page: number, block: LayoutBlock): void {
  const place = placeOf(page, [block])
  switch (block.kind) {
    case 'heading':
      collector.heading(block.level ?? 1, block.text ?? '', place)
      break
    case 'paragraph':
      collector.add('paragraph', plainText(block.text ?? ''), place)
      break
    case 'code':
      collector.add('code', (block.lines ?? []).join('\n'), place)
      break
    case 'grid_fallback':
      collector.add('paragraph', (block.lines ?? []).join('\n'), place)
      break
    case 'table': {
      const rows = rowsOf(block)
      const prose = proseOf(rows)
      if (prose === undefined) collector.table(rows, place)
      else for (const text of prose) collector.add('paragraph', text, place)
      break
    }
    case 'list_item':
    case 'rule':
    case 'figure':
      break
  }
}

/** Adds one page in reading order; list items that follow one another become one list. */
export function addPage(collector: ElementCollector, page: PageLayout): void {
  if (blocksMissText(page)) {
    for (const paragraph of page.text.split(/\n\s*\n/))
      collector.add('paragraph', paragraph.replaceAll(/[^\S\n]+/g, ' '), { page: page.pageNum })
    return
  }
  let items: LayoutBlock[] = []
  const endList = (): void => {
    if (items.length > 0) collector.add('list', items.map(listLine).join('\n'), placeOf(page.pageNum, items))
    items = []
  }
  for (const block of page.blocks) {
    if (block.kind === 'list_item') items.push(block)
    else {
      endList()
      addBlock(collector, page.pageNum, block)
    }
  }
  endList()
}
