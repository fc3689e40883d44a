// HTML pages, without scripts, styles and navigation.
import { documentLimits } from '../../../domain/documents/limits.ts'
import { readTextFile } from '../decode-text.ts'
import { createElementCollector } from '../element-collector.ts'
import { addHtml } from '../html-elements.ts'
import { parserNames } from '../parser-version.ts'
import type { Parser } from './parser.ts'

export const parseHtml: Parser = async (path) => {
  const collector = createElementCollector()
  const title = addHtml(collector, await readTextFile(path, documentLimits.htmlBytes))
  return { parser: parserNames.html, elements: collector.elements, ...(title === undefined ? {} : { title }) }
}
