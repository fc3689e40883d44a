// The nodes of an HTML tree, and their text as a reader would see it on one or more lines.
import { DomUtils, type parseDocument } from 'htmlparser2'

export type HtmlNode = ReturnType<typeof parseDocument>['children'][number]
export type HtmlElement = Extract<HtmlNode, { readonly name: string; readonly attribs: object }>

export const isElement = (node: HtmlNode): node is HtmlElement => DomUtils.isTag(node)

export const headingNames: ReadonlySet<string> = new Set(['h1', 'h2', 'h3', 'h4', 'h5', 'h6'])

export const blockNames: ReadonlySet<string> = new Set(
  (
    'address article aside blockquote body center dd details dialog dir div dl dt fieldset figcaption figure footer ' +
    'form header hgroup hr html legend li main menu ol p pre section summary table tbody td tfoot th thead tr ul ' +
    'h1 h2 h3 h4 h5 h6'
  ).split(' '),
)

const noiseNames = new Set(
  (
    'script style noscript template nav iframe object embed svg canvas audio video map head button select input ' +
    'textarea datalist'
  ).split(' '),
)

/** What isn't the document's text: code, navigation, controls, and what a page hides. */
export const isNoise = ({ name, attribs }: HtmlElement): boolean =>
  noiseNames.has(name) ||
  'hidden' in attribs ||
  attribs['aria-hidden'] === 'true' ||
  ['navigation', 'search', 'banner', 'contentinfo'].includes(attribs['role'] ?? '')

function gather(nodes: readonly HtmlNode[], parts: string[], verbatim: boolean): void {
  for (const node of nodes) {
    if (DomUtils.isText(node)) parts.push(verbatim ? node.data : node.data.replaceAll(/\s+/g, ' '))
    if (!isElement(node) || isNoise(node)) continue
    if (node.name === 'br') parts.push('\n')
    else if (node.name === 'img') parts.push(node.attribs['alt'] ?? '')
    else {
      const edge = blockNames.has(node.name) && !verbatim ? '\n' : ''
      parts.push(edge)
      gather(node.children, parts, verbatim)
      parts.push(edge)
    }
  }
}

/** Line breaks stand for `<br>` and the edges of blocks; `verbatim` keeps the white space of the source. */
export function inlineText(nodes: readonly HtmlNode[], { verbatim = false } = {}): string {
  const parts: string[] = []
  gather(nodes, parts, verbatim)
  const text = parts.join('')
  if (verbatim) return text.replace(/^\n+|\s+$/g, '')
  return text
    .replaceAll(/ *\n[ \n]*/g, '\n')
    .replaceAll(/ {2,}/g, ' ')
    .trim()
}
