// Markdown with GitHub's tables, by marked's lexer. HTML inside it goes the way of HTML pages; front matter is dropped.
import { type Token, type Tokens, marked } from 'marked'
import { documentLimits } from '../../../domain/documents/limits.ts'
import { readTextFile } from '../decode-text.ts'
import { createElementCollector, type ElementCollector } from '../element-collector.ts'
import { addHtml } from '../html-elements.ts'
import { inlineMarkdown, itemText } from '../markdown-inline.ts'
import { parserNames } from '../parser-version.ts'
import type { Parser } from './parser.ts'

const frontMatter = /^---\r?\n[\s\S]*?\r?\n(?:---|\.\.\.)[^\S\n]*(?:\r?\n|$)/

const listLines = (list: Tokens.List, depth: number): readonly string[] =>
  list.items.flatMap((item, index) => {
    const mark = list.ordered ? `${(list.start || 1) + index}.` : '-'
    const nested = item.tokens.filter((token): token is Tokens.List => token.type === 'list')
    return [`${'  '.repeat(depth)}${mark} ${itemText(item)}`, ...nested.flatMap((inner) => listLines(inner, depth + 1))]
  })

function addTokens(collector: ElementCollector, tokens: readonly Token[]): void {
  for (const token of tokens) {
    if (token.type === 'heading') collector.heading((token as Tokens.Heading).depth, inlineMarkdown(token.tokens ?? []))
    else if (token.type === 'code') collector.add('code', (token as Tokens.Code).text)
    else if (token.type === 'list') collector.add('list', listLines(token as Tokens.List, 0).join('\n'))
    else if (token.type === 'table') {
      const { header, rows } = token as Tokens.Table
      collector.table([header, ...rows].map((row) => row.map((cell) => inlineMarkdown(cell.tokens))))
    } else if (token.type === 'html') addHtml(collector, (token as Tokens.HTML).text)
    else if (token.type === 'blockquote') addTokens(collector, token.tokens ?? [])
    else if (token.type === 'paragraph' || token.type === 'text')
      collector.add('paragraph', inlineMarkdown(token.tokens ?? [token]))
  }
}

export const parseMarkdown: Parser = async (path) => {
  const text = await readTextFile(path, documentLimits.outputBytes)
  const collector = createElementCollector()
  addTokens(collector, marked.lexer(text.replace(frontMatter, '')))
  const title = collector.elements.find((element) => element.level === 1)?.text
  return { parser: parserNames.markdown, elements: collector.elements, ...(title === undefined ? {} : { title }) }
}
