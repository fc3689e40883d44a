// PDF by liteparse (PDFium underneath): layout blocks with their boxes, 25 pages at a time.
// Text recognition is off, because liteparse would fetch its language data from the network.
import { LiteParse } from '@llamaindex/liteparse'
import { documentLimits } from '../../../domain/documents/limits.ts'
import { createElementCollector } from '../element-collector.ts'
import { parserNames } from '../parser-version.ts'
import { addPage, type PageLayout } from '../pdf-blocks.ts'
import { toPdfError, tooManyPages } from '../pdf-errors.ts'
import { withoutRunningLines } from '../running-lines.ts'
import type { Parser, ParserOptions } from './parser.ts'

const batchSize = 25

async function readPages(
  path: string,
  { onProgress }: ParserOptions,
): Promise<{ readonly pages: readonly PageLayout[]; readonly totalPages: number }> {
  const liteparse = new LiteParse({
    ocrEnabled: false,
    quiet: true,
    numWorkers: 1,
    // liteparse stops silently at its own limit: above ours, `totalPages` decides.
    maxPages: documentLimits.pages + 1,
    extractBlocks: true,
    extractLinks: false,
    imageMode: 'off',
    keepHeadersFooters: true,
  })
  const pages: PageLayout[] = []
  let totalPages = 0
  for await (const batch of liteparse.parseBatches(path, { batchSize })) {
    totalPages = batch.totalPages
    if (totalPages > documentLimits.pages) throw tooManyPages()
    for (const { pageNum, height, text, blocks = [] } of batch.result.pages)
      pages.push({ pageNum, height, text, blocks })
    onProgress?.({ page: batch.endPage, totalPages })
  }
  return { pages, totalPages }
}

export const parsePdf: Parser = async (path, options) => {
  const { pages, totalPages } = await readPages(path, options).catch((error: unknown) => {
    throw toPdfError(error)
  })
  const collector = createElementCollector()
  for (const page of withoutRunningLines(pages)) addPage(collector, page)
  return { parser: parserNames.pdf, pageCount: totalPages, elements: collector.elements }
}
