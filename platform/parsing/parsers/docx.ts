// Word files by mammoth, which makes HTML of them, and from there the way of HTML pages.
// mammoth has no limits of its own and sees no pages.
import mammoth from 'mammoth'
import { documentLimits } from '../../../domain/documents/limits.ts'
import { AppError } from '../../../domain/errors.ts'
import { checkZip } from '../check-zip.ts'
import { createElementCollector } from '../element-collector.ts'
import { addHtml } from '../html-elements.ts'
import { parserNames } from '../parser-version.ts'
import type { Parser } from './parser.ts'

const styleMap = ["p[style-name='Title'] => h1:fresh", "p[style-name='Subtitle'] => p:fresh"]

async function toHtml(path: string): Promise<string> {
  try {
    const { value } = await mammoth.convertToHtml(
      { path },
      {
        styleMap,
        includeEmbeddedStyleMap: false,
        externalFileAccess: false,
        convertImage: mammoth.images.imgElement(async () => ({ src: '' })),
      },
    )
    return value
  } catch (cause) {
    if (cause instanceof RangeError) throw cause
    throw new AppError('document.broken', { detail: 'The Word file is damaged. Save it anew from its program.', cause })
  }
}

export const parseDocx: Parser = async (path) => {
  await checkZip(path)
  const html = await toHtml(path)
  if (html.length > documentLimits.outputBytes * 2)
    throw new AppError('document.limit_exceeded', { detail: 'The document holds too much text.' })
  const collector = createElementCollector()
  addHtml(collector, html)
  return { parser: parserNames.docx, elements: collector.elements }
}
