// Running headers, footers and page numbers: lines at the edge of many pages, which would cut paragraphs in two and
// turn up in every search. liteparse can drop them itself, but drops lines of the text along with them.
import type { LayoutBlock } from '@llamaindex/liteparse'
import type { PageLayout } from './pdf-blocks.ts'

/** How much of the page's height at its top and at its bottom counts as edge. */
const edge = 0.09
/** On how many pages a line has to stand before it counts as running. */
const fewest = 3
const longest = 150

const pageNumber =
  /^(?:page\s+|seite\s+|p\.\s*)?[-–—(\s]*(?:\d{1,4}|[ivxlc]{1,6})[-–—)\s]*(?:(?:of|von|\/)\s*\d{1,4})?$/i

function edgeText({ kind, text, bbox }: LayoutBlock, height: number): string | undefined {
  if (text === undefined || bbox === undefined || text.length > longest) return undefined
  if (kind !== 'paragraph' && kind !== 'heading' && kind !== 'list_item') return undefined
  return bbox.y + bbox.height <= height * edge || bbox.y >= height * (1 - edge) ? text.trim() : undefined
}

/** A heading such as “Chapter 3” differs from the next one by its number alone, so headings have to be the same. */
const keyOf = (kind: LayoutBlock['kind'], text: string): string =>
  kind === 'heading' ? `=${text}` : text.replaceAll(/\d+|\b[ivxlc]+\b/gi, '#')

/** The blocks of all pages without running lines. */
export function withoutRunningLines(pages: readonly PageLayout[]): readonly PageLayout[] {
  const pagesOf = new Map<string, number>()
  for (const { blocks, height } of pages) {
    const keys = new Set<string>()
    for (const block of blocks) {
      const text = edgeText(block, height)
      if (text !== undefined) keys.add(keyOf(block.kind, text))
    }
    for (const key of keys) pagesOf.set(key, (pagesOf.get(key) ?? 0) + 1)
  }
  const isRunning = (block: LayoutBlock, height: number): boolean => {
    const text = edgeText(block, height)
    if (text === undefined) return false
    return pageNumber.test(text) || (pagesOf.get(keyOf(block.kind, text)) ?? 0) >= fewest
  }
  return pages.map((page) => ({ ...page, blocks: page.blocks.filter((block) => !isRunning(block, page.height)) }))
}
