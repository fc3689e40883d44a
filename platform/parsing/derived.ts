// Where the steps of ingestion leave their results: keys of the bytes, the parser, and the embedding model, so that a
// key always holds the same content, and a step that finds its result there has nothing to do.
import type { Chunk } from '../../domain/documents/chunk-types.ts'
import type { ParsedDocument } from '../../domain/documents/element.ts'
import { AppError } from '../../domain/errors.ts'
import type { BlobStore } from '../blobs/blob-store.ts'
import { parserVersion } from './parser-version.ts'

/** Raise it when chunks of the same elements come out otherwise. */
const chunkerVersion = 'chunks-1'

/** Texts of one embedding call. */
export const embeddingBatch = 100

/** What is read, and as what: the same bytes may be plain text to one uploader and Markdown to another. */
export interface Original {
  readonly sha256: string
  readonly mediaType: string
}

const segment = (text: string): string => text.replaceAll(/[^A-Za-z0-9.-]/g, '_')
const readingKey = ({ sha256, mediaType }: Original): string => `${sha256}/${parserVersion}/${segment(mediaType)}`
const elementsKey = (original: Original): string => `${readingKey(original)}/elements.json`
const chunksKey = (original: Original): string => `${readingKey(original)}/${chunkerVersion}/chunks.json`
const vectorsKey = ({ original, model, batch }: VectorBatch): string =>
  `${readingKey(original)}/${chunkerVersion}/${segment(model)}/${batch}.f32`

type Blobs = Pick<BlobStore, 'getDerived' | 'putDerived'>

async function read<T>(blobs: Blobs, key: string): Promise<T | undefined> {
  const bytes = await blobs.getDerived(key)
  return bytes === undefined ? undefined : (JSON.parse(bytes.toString('utf8')) as T)
}

const required = <T>(value: T | undefined): T => {
  if (value === undefined) throw new AppError('internal', { detail: 'A result of an earlier step is missing.' })
  return value
}

export const findElements = (blobs: Blobs, original: Original) => read<ParsedDocument>(blobs, elementsKey(original))
export const readElements = async (blobs: Blobs, original: Original) => required(await findElements(blobs, original))
export const writeElements = (blobs: Blobs, original: Original, parsed: ParsedDocument) =>
  blobs.putDerived(elementsKey(original), Buffer.from(JSON.stringify(parsed)))

export const readChunks = async (blobs: Blobs, original: Original) =>
  required(await read<Chunk[]>(blobs, chunksKey(original)))
export const writeChunks = (blobs: Blobs, original: Original, chunks: readonly Chunk[]) =>
  blobs.putDerived(chunksKey(original), Buffer.from(JSON.stringify(chunks)))

export interface VectorBatch {
  readonly original: Original
  readonly model: string
  readonly batch: number
}

/** The vectors of a batch, one after the other as little-endian float32; undefined when it isn't embedded yet. */
export async function findVectors(
  blobs: Blobs,
  batch: VectorBatch,
  dimensions: number,
): Promise<Float32Array[] | undefined> {
  const bytes = await blobs.getDerived(vectorsKey(batch))
  if (bytes === undefined) return undefined
  const all = new Float32Array(new Uint8Array(bytes).buffer)
  return Array.from({ length: all.length / dimensions }, (_, index) =>
    all.subarray(index * dimensions, (index + 1) * dimensions),
  )
}

export function writeVectors(blobs: Blobs, batch: VectorBatch, vectors: readonly Float32Array[]): Promise<void> {
  const parts = vectors.map((vector) => Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength))
  return blobs.putDerived(vectorsKey(batch), Buffer.concat(parts))
}
