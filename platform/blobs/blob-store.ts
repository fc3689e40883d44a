// The seam of blob storage: originals by the hash of their bytes, derived data by a key of ours.
import type { Readable } from 'node:stream'

export interface StoredBlob {
  /** Lower-case hex. */
  readonly sha256: string
  readonly sizeBytes: number
}

export interface BlobStore {
  /**
   * Streams bytes to the store and hashes them on the way. Idempotent: the same bytes are kept once.
   * Throws AppError `document.too_large` past `limitBytes`, and leaves nothing behind when it throws.
   */
  put(source: Readable, options: { readonly limitBytes: number }): Promise<StoredBlob>
  /** Opens an original; throws AppError `resource.not_found`. */
  open(sha256: string): Promise<Readable>
  /** The path of an original on this machine, for a child process to read. */
  localPath(sha256: string): Promise<string>
  /** Stores derived bytes under a key such as `<sha256>/<parser>/elements.json`; atomic, overwrites. */
  putDerived(key: string, bytes: Uint8Array): Promise<void>
  /** Reads derived bytes; undefined when the key has none. */
  getDerived(key: string): Promise<Buffer | undefined>
}
