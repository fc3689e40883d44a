// Plain text: paragraphs are what blank lines set apart. Nothing else is guessed.
import { documentLimits } from '../../../domain/documents/limits.ts'
import { readTextFile } from '../decode-text.ts'
import { createElementCollector } from '../element-collector.ts'
import { parserNames } from '../parser-version.ts'
import type { Parser } from './parser.ts'

export const parseText: Parser = async (path) => {
  const collector = createElementCollector()
  const text = await readTextFile(path, documentLimits.outputBytes)
  for (const paragraph of text.replaceAll(/\r\n?|\f/g, '\n').split(/\n[^\S\n]*\n/))
    collector.add('paragraph', paragraph)
  return { parser: parserNames.text, elements: collector.elements }
}
