// From HTML to elements, for pages, for what mammoth makes of Word files, and for HTML inside Markdown.
// It works on the tree of htmlparser2; the depth is bounded before the tree is built, so recursion is safe.
import { parseDocument, Parser } from 'htmlparser2'
import { documentLimits } from '../../domain/documents/limits.ts'
import { AppError } from '../../domain/errors.ts'
import type { ElementCollector } from './element-collector.ts'
import {
  blockNames,
  headingNames,
  type HtmlElement,
  type HtmlNode,
  inlineText,
  isElement,
  isNoise,
} from './html-inline.ts'
import { listText } from './html-list.ts'
import { tableCells } from './html-table.ts'

/** Throws AppError `document.limit_exceeded` when elements are nested more deeply than `limit`; stops right there. */
export function checkHtmlDepth(html: string, limit: number = documentLimits.htmlDepth): void {
  let depth = 0
  const parser = new Parser({
    onopentagname: () => {
      depth++
      if (depth > limit)
        throw new AppError('document.limit_exceeded', { detail: `HTML may be nested ${limit} levels deep.` })
    },
    onclosetag: () => {
      depth--
    },
  })
  parser.end(html)
}

interface Walk {
  readonly collector: ElementCollector
  /** Elements that hold a block. */
  readonly withBlocks: ReadonlySet<HtmlElement>
  /** Elements that hold a heading, a table or preformatted text: a list or table around them is a mere frame. */
  readonly frames: ReadonlySet<HtmlElement>
  /** Inline content since the last block. */
  inline: HtmlNode[]
}

function findHolders(nodes: readonly HtmlNode[]): Pick<Walk, 'withBlocks' | 'frames'> {
  const withBlocks = new Set<HtmlElement>()
  const frames = new Set<HtmlElement>()
  const search = (node: HtmlNode): void => {
    if (!isElement(node)) return
    for (const child of node.children) {
      search(child)
      if (!isElement(child)) continue
      if (blockNames.has(child.name) || withBlocks.has(child)) withBlocks.add(node)
      const own = headingNames.has(child.name) || child.name === 'table' || child.name === 'pre'
      if (own || frames.has(child)) frames.add(node)
    }
  }
  for (const node of nodes) search(node)
  return { withBlocks, frames }
}

function endParagraph(walk: Walk): void {
  if (walk.inline.length > 0) walk.collector.add('paragraph', inlineText(walk.inline))
  walk.inline = []
}

function addTable(walk: Walk, table: HtmlElement): boolean {
  const cells = walk.frames.has(table) ? undefined : tableCells(table)
  if (cells === undefined) return false
  for (const child of table.children)
    if (isElement(child) && child.name === 'caption') walk.collector.add('paragraph', inlineText(child.children))
  walk.collector.table(cells)
  return true
}

/** Adds what becomes one element; false when `node` has to be entered instead. */
function addWhole(walk: Walk, node: HtmlElement): boolean {
  if (headingNames.has(node.name))
    walk.collector.heading(Number(node.name[1]), inlineText(node.children).replaceAll('\n', ' '))
  else if (node.name === 'pre') walk.collector.add('code', inlineText(node.children, { verbatim: true }))
  else if (node.name === 'table') return addTable(walk, node)
  else if (['ul', 'ol', 'dl'].includes(node.name) && !walk.frames.has(node)) walk.collector.add('list', listText(node))
  else return false
  return true
}

function visit(walk: Walk, node: HtmlNode): void {
  if (!isElement(node)) walk.inline.push(node)
  else if (isNoise(node)) return
  else if (!blockNames.has(node.name) && !walk.withBlocks.has(node)) walk.inline.push(node)
  else {
    endParagraph(walk)
    if (addWhole(walk, node)) return
    for (const child of node.children) visit(walk, child)
    endParagraph(walk)
  }
}

function findTitle(nodes: readonly HtmlNode[]): string | undefined {
  for (const node of nodes) {
    if (!isElement(node)) continue
    if (node.name === 'title') return inlineText(node.children) || undefined
    const title = node.name === 'html' || node.name === 'head' ? findTitle(node.children) : undefined
    if (title !== undefined) return title
  }
  return undefined
}

/**
 * Adds the content of a page or a fragment; returns the page's title if it has one.
 * Throws AppError `document.limit_exceeded` for nesting beyond the limit.
 */
export function addHtml(collector: ElementCollector, html: string): string | undefined {
  checkHtmlDepth(html)
  const { children } = parseDocument(html)
  const walk: Walk = { collector, ...findHolders(children), inline: [] }
  for (const child of children) visit(walk, child)
  endParagraph(walk)
  return findTitle(children)
}
