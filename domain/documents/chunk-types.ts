// A chunk: the unit that is embedded, searched and cited.
import type { BoundingBox } from './element.ts'

/** A run of the chunk's text that lies on one page. Offsets are UTF-16 indices into `text`, end exclusive. */
export interface ChunkSpan {
  readonly start: number
  readonly end: number
  readonly page?: number
  readonly bbox?: BoundingBox
}

export interface Chunk {
  /** From 0, in reading order. */
  readonly ordinal: number
  /** What is quoted and shown; the heading path is embedded in front of it but isn't part of it. */
  readonly text: string
  readonly headingPath: readonly string[]
  /** Tokens of heading path and text together, by the tokenizer that the chunker was given. */
  readonly tokenCount: number
  /** Spans in order, without gaps that hold text; at least one. */
  readonly spans: readonly ChunkSpan[]
}
