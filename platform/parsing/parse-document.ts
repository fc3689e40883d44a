// Parses a stored file in a guarded process, and a PDF in a second one when the first reading looks poor.
// What comes back is the elements; why a document can't be read is an AppError that its owner can act on.
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { ParsedDocument } from '../../domain/documents/element.ts'
import { documentLimits } from '../../domain/documents/limits.ts'
import { AppError } from '../../domain/errors.ts'
import { ownScript } from '../embedded/own-script.ts'
import { runGuarded } from './guarded-process.ts'
import type { ParserOutcome, ParserRequest } from './parser-process.ts'
import type { ParserKind } from './parser-version.ts'
import type { ParserProgress } from './parsers/parser.ts'
import { isBetterReading, needsSecondReading } from './second-reading.ts'
import type { ReadableMediaType } from './sniff.ts'

export interface ParseRequest {
  readonly path: string
  /** As sniffMediaType found it. */
  readonly mediaType: string
  readonly signal: AbortSignal
  /** Called now and then with the last page that was read. Only PDFs have pages: other formats never call it. */
  readonly onProgress?: (progress: ParserProgress) => void
}

const kinds: Readonly<Record<ReadableMediaType, ParserKind>> = {
  'application/pdf': 'pdf',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'docx',
  'text/html': 'html',
  'text/markdown': 'markdown',
  'text/plain': 'text',
  'text/csv': 'csv',
}

const extensions: Readonly<Record<ParserKind, string>> = {
  pdf: 'pdf',
  'pdf-fallback': 'pdf',
  docx: 'docx',
  html: 'html',
  markdown: 'md',
  text: 'txt',
  csv: 'csv',
}

const guardLimits = {
  rssBytes: documentLimits.parserRssBytes,
  totalMs: documentLimits.parseMs,
  stallMs: documentLimits.parseStallMs,
}

async function runParser(kind: ParserKind, { path, signal, onProgress }: ParseRequest): Promise<ParsedDocument> {
  const directory = await mkdtemp(join(tmpdir(), `cdsa-parse-${process.pid}-`))
  try {
    // liteparse goes by the name's extension, and would hand what it doesn't know to other programs; blobs have none.
    const link = join(directory, `source.${extensions[kind]}`)
    await symlink(resolve(path), link)
    const request: ParserRequest = { kind, path: link, output: join(directory, 'parsed.json') }
    const outcome = await runGuarded<ParserProgress, ParserOutcome>({
      entry: ownScript('./parser-process', import.meta.url),
      input: JSON.stringify(request),
      cwd: directory,
      signal,
      limits: guardLimits,
      ...(onProgress === undefined ? {} : { onProgress }),
    })
    if (!outcome.ok) throw new AppError(outcome.code, outcome.detail === undefined ? {} : { detail: outcome.detail })
    return JSON.parse(await readFile(request.output, 'utf8')) as ParsedDocument
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

const hasCode = (error: unknown, code: AppError['code']): boolean => error instanceof AppError && error.code === code

async function parsePdf(request: ParseRequest): Promise<ParsedDocument> {
  let first: ParsedDocument | undefined
  let failure: unknown
  try {
    first = await runParser('pdf', request)
    if (!needsSecondReading(first)) return first
  } catch (error) {
    if (!hasCode(error, 'document.broken')) throw error
    failure = error
  }
  try {
    const second = await runParser('pdf-fallback', request)
    return first === undefined || isBetterReading(second, first) ? second : first
  } catch (error) {
    if (request.signal.aborted) throw error
    if (first !== undefined) return first
    throw hasCode(error, 'document.encrypted') ? error : failure
  }
}

/**
 * Throws the signal's reason, or AppError `document.unsupported`, `document.encrypted`, `document.broken`,
 * `document.no_text`, `document.limit_exceeded`, or `document.parser_crashed` (the only one that a retry may help).
 */
export async function parseDocument(request: ParseRequest): Promise<ParsedDocument> {
  const kind = kinds[request.mediaType as ReadableMediaType] as ParserKind | undefined
  if (kind === undefined) throw new AppError('document.unsupported')
  const parsed = kind === 'pdf' ? await parsePdf(request) : await runParser(kind, request)
  if (parsed.elements.length === 0)
    throw new AppError('document.no_text', {
      detail: kind === 'pdf' ? 'Its pages are images. Run them through text recognition first.' : 'No text was found.',
    })
  return parsed
}
