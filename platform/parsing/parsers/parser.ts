// What every parser is: from a file to a stream of elements, in the process that calls it.
// Only parser-process.ts calls parsers, since a hostile file can hang or exhaust any of them.
import type { ParsedDocument } from '../../../domain/documents/element.ts'

export interface ParserProgress {
  /** The last page that was read, from 1. */
  readonly page: number
  readonly totalPages?: number
}

export interface ParserOptions {
  readonly onProgress?: (progress: ParserProgress) => void
}

/**
 * Throws AppError `document.broken`, `document.encrypted` or `document.limit_exceeded`. A document without text comes
 * back with no elements: whether that is a fault is for the caller to say.
 */
export type Parser = (path: string, options: ParserOptions) => Promise<ParsedDocument>
