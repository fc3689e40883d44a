// Lists of HTML as lines of text: `- ` or a number before each item, nested lists set in.
import { type HtmlElement, type HtmlNode, inlineText, isElement, isNoise } from './html-inline.ts'

const isList = (node: HtmlNode): boolean => isElement(node) && (node.name === 'ul' || node.name === 'ol')

const oneLine = (nodes: readonly HtmlNode[]): string => inlineText(nodes).replaceAll('\n', ' ')

function itemLines(list: HtmlElement, depth: number, lines: string[]): void {
  let number = Number.parseInt(list.attribs['start'] ?? '1', 10) || 1
  for (const item of list.children.filter(isElement)) {
    if (isNoise(item)) continue
    // A list right inside a list isn't valid, but common.
    const nested = isList(item) ? [item] : item.children.filter(isElement).filter(isList)
    const text = isList(item) ? '' : oneLine(item.children.filter((child) => !isList(child)))
    if (text !== '') lines.push(`${'  '.repeat(depth)}${list.name === 'ol' ? `${number}.` : '-'} ${text}`)
    if (!isList(item)) number++
    for (const child of nested) itemLines(child, depth + 1, lines)
  }
}

/** `term: description`, one a line. */
function definitionLines(list: HtmlElement): readonly string[] {
  const lines: string[] = []
  let term = ''
  for (const child of list.children) {
    if (!isElement(child)) continue
    if (child.name === 'div') lines.push(...definitionLines(child))
    else if (child.name === 'dt') term = oneLine(child.children)
    else {
      lines.push(term === '' ? oneLine(child.children) : `${term}: ${oneLine(child.children)}`)
      term = ''
    }
  }
  return term === '' ? lines : [...lines, term]
}

export function listText(list: HtmlElement): string {
  if (list.name === 'dl') return definitionLines(list).join('\n')
  const lines: string[] = []
  itemLines(list, 0, lines)
  return lines.join('\n')
}
