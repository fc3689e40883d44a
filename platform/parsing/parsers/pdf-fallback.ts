// PDF by pdf.js: slower and blind to layout, but it repairs files that PDFium gives up on, and orders right-to-left text.
import { readFile } from 'node:fs/promises'
import { getDocumentProxy } from 'unpdf'
import { documentLimits } from '../../../domain/documents/limits.ts'
import { boundingBox } from '../bounding-box.ts'
import { createElementCollector } from '../element-collector.ts'
import { parserNames } from '../parser-version.ts'
import { toPdfError, tooManyPages } from '../pdf-errors.ts'
import { addRuns, type TextRun } from '../pdf-lines.ts'
import type { Parser, ParserOptions } from './parser.ts'

const pagesPerReport = 25

type Pdf = Awaited<ReturnType<typeof getDocumentProxy>>

async function readPage(pdf: Pdf, page: number): Promise<readonly TextRun[]> {
  const proxy = await pdf.getPage(page)
  const { height: pageHeight } = proxy.getViewport({ scale: 1 })
  const { items } = await proxy.getTextContent()
  proxy.cleanup()
  return items.flatMap((item) => {
    if (!('str' in item)) return []
    const [left = 0, baseline = 0] = (item.transform as number[]).slice(4)
    const y = pageHeight - baseline - item.height
    const bbox = boundingBox({ x: left, y, width: item.width, height: item.height })
    return [{ text: item.str, page, bbox, endsLine: item.hasEOL }]
  })
}

async function readRuns(
  path: string,
  { onProgress }: ParserOptions,
): Promise<{ readonly runs: readonly TextRun[]; readonly totalPages: number }> {
  const pdf = await getDocumentProxy(new Uint8Array(await readFile(path)), { verbosity: 0 })
  const totalPages = pdf.numPages
  if (totalPages > documentLimits.pages) throw tooManyPages()
  const runs: TextRun[] = []
  for (let page = 1; page <= totalPages; page++) {
    for (const run of await readPage(pdf, page)) runs.push(run)
    if (page % pagesPerReport === 0 || page === totalPages) onProgress?.({ page, totalPages })
  }
  return { runs, totalPages }
}

export const parsePdfFallback: Parser = async (path, options) => {
  const { runs, totalPages } = await readRuns(path, options).catch((error: unknown) => {
    throw toPdfError(error)
  })
  const collector = createElementCollector()
  addRuns(collector, runs)
  return { parser: parserNames['pdf-fallback'], pageCount: totalPages, elements: collector.elements }
}
