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

const elementsKey = (sha256: string): string => `${sha256}/${parserVersion}/elements.json`
const chunksKey = (sha256: string): string => `${sha256}/${parserVersion}/${chunkerVersion}/chunks.json`
const vectorsKey = (sha256: string, model: string, batch: number): string =>
  `${sha256}/${parserVersion}/${chunkerVersion}/${model.replaceAll(/[^A-Za-z0-9.-]/g, '_')}/${batch}.f32`

type Blobs = Pick<BlobStore, 'getDerived' | 'putDerived'>

async function read<T>(blobs: Blobs, key: string): Promise<T | undefined> {
  const bytes = await blobs.getDerived(key)
  return bytes === undefined ? undefined : (JSON.parse(bytes.toString('utf8')) as T)
}

const required = <T>(value: T | undefined): T => {
  if (value === undefined) throw new AppError('internal', { detail: 'A result of an earlier step is missing.' })
  return value
}

export const findElements = (blobs: Blobs, sha256: string) => read<ParsedDocument>(blobs, elementsKey(sha256))
export const readElements = async (blobs: Blobs, sha256: string) => required(await findElements(blobs, sha256))
export const writeElements = (blobs: Blobs, sha256: string, parsed: ParsedDocument) =>
  blobs.putDerived(elementsKey(sha256), Buffer.from(JSON.stringify(parsed)))

export const readChunks = async (blobs: Blobs, sha256: string) =>
  required(await read<Chunk[]>(blobs, chunksKey(sha256)))
export const writeChunks = (blobs: Blobs, sha256: string, chunks: readonly Chunk[]) =>
  blobs.putDerived(chunksKey(sha256), Buffer.from(JSON.stringify(chunks)))

export interface VectorBatch {
  readonly sha256: string
  readonly model: string
  readonly batch: number
}

/** The vectors of a batch, one after the other as little-endian float32; undefined when it isn't embedded yet. */
export async function findVectors(
  blobs: Blobs,
  { sha256, model, batch }: VectorBatch,
  dimensions: number,
): Promise<Float32Array[] | undefined> {
  const bytes = await blobs.getDerived(vectorsKey(sha256, model, batch))
  if (bytes === undefined) return undefined
  const all = new Float32Array(new Uint8Array(bytes).buffer)
  return Array.from({ length: all.length / dimensions }, (_, index) =>
    all.subarray(index * dimensions, (index + 1) * dimensions),
  )
}

export function writeVectors(
  blobs: Blobs,
  { sha256, model, batch }: VectorBatch,
  vectors: readonly Float32Array[],
): Promise<void> {
  const parts = vectors.map((vector) => Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength))
  return blobs.putDerived(vectorsKey(sha256, model, batch), Buffer.concat(parts))
}
