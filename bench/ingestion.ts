// How fast a long PDF is taken up, from its upload to its last chunk indexed, beside its parser alone in the same kind
// of guarded process. Embeddings are the offline model's, so no provider's speed is in the figure.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { compileSources } from '../bin/compile-sources.mjs'
import type * as ParserModule from '../platform/parsing/parse-document.ts'
import { type ApiClient, signUp } from '../test/support/api-client.ts'
import { followDocumentToEnd } from '../test/support/follow.ts'
import { makeHandbookPdf } from '../test/support/handbook-pdf.ts'
import { startBenchPlatform } from './bench-platform.ts'
import type { Benchmark, BenchmarkContext } from './benchmark.ts'
import { interleave } from './interleave.ts'

const copies = 50
const rounds = 6

/** The same document, but other bytes: the platform would find the elements of equal bytes in its store. */
const variant = (pdf: Buffer, round: number): Buffer => Buffer.concat([pdf, Buffer.from(`\n% variant ${round}\n`)])

/** Compiled, as the platform runs it: through a loader its process would take longer to start. */
async function loadParser(): Promise<typeof ParserModule> {
  const compiled = await compileSources(fileURLToPath(new URL('..', import.meta.url)))
  if (compiled === undefined) throw new Error('The sources can’t be compiled.')
  return import(pathToFileURL(join(compiled, 'platform', 'parsing', 'parse-document.js')).href)
}

async function parseAlone({ parseDocument }: typeof ParserModule, pdf: Buffer): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'cdsa-bench-'))
  try {
    const path = join(directory, 'handbook')
    await writeFile(path, pdf)
    const started = performance.now()
    const { pageCount } = await parseDocument({
      path,
      mediaType: 'application/pdf',
      signal: new AbortController().signal,
    })
    return ((pageCount ?? 0) * 1_000) / (performance.now() - started)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function ingest(client: ApiClient, bytes: Buffer, pages: number): Promise<number> {
  const started = performance.now()
  const { status, body } = await client.upload({ filename: 'handbook.pdf', bytes })
  if (status !== 201 && status !== 202) throw new Error(`The upload was answered with ${status}.`)
  const { event, data } = await followDocumentToEnd(client, body['document'].id)
  const seconds = (performance.now() - started) / 1_000
  if (event !== 'document.indexed') throw new Error(`The ingestion ended with ${event}: ${JSON.stringify(data)}`)
  return pages / seconds
}

async function measure(context: BenchmarkContext, client: ApiClient) {
  context.progress('making the PDF')
  const pdf = await makeHandbookPdf({ copies })
  const pages = copies * 8
  const parser = await loadParser()
  context.progress(`measuring ${pages} pages`)
  const taken = await interleave(
    {
      parser: async () => [await parseAlone(parser, pdf)],
      ingestion: async (round) => [await ingest(client, variant(pdf, round), pages)],
    },
    { rounds: context.times(rounds), warmUp: 1 },
  )
  return { taken, pages }
}

export const ingestion: Benchmark = {
  name: 'ingestion',
  run: async (context) => {
    const { run } = await startBenchPlatform(context, {})
    const { taken, pages } = await measure(context, await signUp(run.apiUrl))
    return [
      {
        measured: {
          name: `ingestion of a PDF of ${pages} pages, upload to indexed`,
          unit: 'pages/s',
          samples: taken.ingestion,
        },
        baseline: { name: 'its parser alone', unit: 'pages/s', samples: taken.parser },
        aim: { of: 'ratio', limit: 0.6 },
      },
    ]
  },
}
