// The plain text of Markdown's tokens on one line: what a reader would see, without marks, link targets and tags.
import { DomUtils, parseDocument } from 'htmlparser2'
import type { Token, Tokens } from 'marked'

const htmlText = (html: string): string => DomUtils.textContent(parseDocument(html))

/** `&amp;` and its like as the characters they stand for; marked leaves them to whoever writes the HTML. */
const decodeEntities = (text: string): string =>
  text.replaceAll(/&(?:#\d{1,7}|#x[\da-f]{1,6}|[a-z][\da-z]{1,31});/gi, htmlText)

/** Blocks inside a block, such as the paragraphs of a list item, are set apart by a space. */
const joinBlocks = (blocks: readonly (readonly Token[])[]): string => blocks.map(inlineMarkdown).join(' ')

function textOf(token: Token): string {
  switch (token.type) {
    case 'br':
      return '\n'
    case 'html':
      return /^<br\b/i.test(token.raw) ? '\n' : htmlText(token.raw)
    case 'codespan':
    case 'escape':
    case 'code':
      return (token as Tokens.Code).text
    case 'list':
      return joinBlocks((token as Tokens.List).items.map((item) => item.tokens))
    case 'table':
      return joinBlocks(
        [token as Tokens.Table].flatMap(({ header, rows }) => [header, ...rows].flat()).map(({ tokens }) => tokens),
      )
    case 'blockquote':
      return joinBlocks((token.tokens ?? []).map((inner) => [inner]))
    default:
      if ('tokens' in token && token.tokens !== undefined) return inlineMarkdown(token.tokens)
      return 'text' in token ? decodeEntities(String(token['text'])).replaceAll('\n', ' ') : ''
  }
}

export const inlineMarkdown = (tokens: readonly Token[]): string => tokens.map(textOf).join('')

/** The text of a list item without the lists in it. */
export const itemText = (item: Tokens.ListItem): string =>
  joinBlocks(item.tokens.filter((token) => token.type !== 'list' && token.type !== 'space').map((token) => [token]))
    .replaceAll(/\s+/g, ' ')
    .trim()
