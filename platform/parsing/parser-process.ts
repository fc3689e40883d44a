// The process that one document is parsed in: reads its request from its argument, writes the result to a file, and
// says over IPC how it went. It never ends by itself: whoever started it kills its process group.
import { writeFile } from 'node:fs/promises'
import { documentLimits } from '../../domain/documents/limits.ts'
import { AppError, type ErrorCode } from '../../domain/errors.ts'
import { dieWithParent } from './die-with-parent.ts'
import type { GuardedMessage } from './guarded-process.ts'
import type { ParserKind } from './parser-version.ts'
import type { Parser, ParserProgress } from './parsers/parser.ts'

export interface ParserRequest {
  readonly kind: ParserKind
  readonly path: string
  /** Where the ParsedDocument goes as JSON. */
  readonly output: string
}

export type ParserOutcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: ErrorCode; readonly detail: string | undefined }

/** Only what one document needs is loaded: two copies of pdf.js in one process would clash. */
const parsers: Readonly<Record<ParserKind, () => Promise<Parser>>> = {
  pdf: async () => (await import('./parsers/pdf.ts')).parsePdf,
  'pdf-fallback': async () => (await import('./parsers/pdf-fallback.ts')).parsePdfFallback,
  docx: async () => (await import('./parsers/docx.ts')).parseDocx,
  html: async () => (await import('./parsers/html.ts')).parseHtml,
  markdown: async () => (await import('./parsers/markdown.ts')).parseMarkdown,
  csv: async () => (await import('./parsers/csv.ts')).parseCsv,
  text: async () => (await import('./parsers/text.ts')).parseText,
}

const send = (message: GuardedMessage<ParserProgress, ParserOutcome>): void => {
  process.send?.(message)
}

function toOutcome(error: unknown): ParserOutcome {
  if (error instanceof AppError) return { ok: false, code: error.code, detail: error.detail }
  if (error instanceof RangeError)
    return { ok: false, code: 'document.limit_exceeded', detail: 'The document is nested too deeply, or too large.' }
  throw error
}

async function parse({ kind, path, output }: ParserRequest): Promise<ParserOutcome> {
  try {
    const parser = await parsers[kind]()
    const parsed = await parser(path, { onProgress: (progress) => send({ progress }) })
    const json = Buffer.from(JSON.stringify(parsed))
    if (json.length > documentLimits.outputBytes)
      throw new AppError('document.limit_exceeded', { detail: 'The document holds too much text.' })
    await writeFile(output, json, { flag: 'wx', mode: 0o600 })
    return { ok: true }
  } catch (error) {
    return toOutcome(error)
  }
}

dieWithParent()
send({ result: await parse(JSON.parse(process.argv[2] ?? '') as ParserRequest) })
