// A multipart body with one file. The file streams into the blob store while it arrives, but its end is held back until
// the whole body has proved sound: a body that is cut off or wrong therefore leaves nothing in the store.
import type { IncomingMessage } from 'node:http'
import { PassThrough } from 'node:stream'
import { Busboy, type BusboyFileStream, type BusboyInstance } from '@fastify/busboy'
import { AppError } from '../../domain/errors.ts'
import type { BlobStore, StoredBlob } from '../../platform/blobs/blob-store.ts'
import type { UploadedFile } from './route.ts'
import { requireStorableKey, textFault } from './storable-text.ts'
import { toFilename } from './upload-filename.ts'

export const maxFields = 20
export const maxFieldBytes = 65_536
/** What boundaries, headers and fields may add to the file's bytes. */
export const envelopeBytes = maxFields * maxFieldBytes + 65_536

export interface MultipartOptions<Fields> {
  readonly blobs: Pick<BlobStore, 'put'>
  /** Of the file. */
  readonly limitBytes: number
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal
  /** Checks the other fields, before the file counts as stored; what it throws is the answer. */
  readonly parseFields: (fields: Readonly<Record<string, string>>) => Fields | Promise<Fields>
}

export interface MultipartBody<Fields> {
  readonly file: UploadedFile
  readonly fields: Fields
  /** As they came. */
  readonly rawFields: Readonly<Record<string, string>>
}

const malformed = (detail: string): AppError => new AppError('request.malformed', { detail })
const invalid = (path: string, message: string): AppError =>
  new AppError('request.invalid', { detail: `The part “${path}” ${message}.`, errors: [{ path, message }] })

interface IncomingFile {
  readonly filename: string
  readonly declaredMediaType: string
  readonly source: BusboyFileStream
  /** What the store reads; its end is the verdict that the body is sound. */
  readonly held: PassThrough
  readonly stored: Promise<StoredBlob>
}

/** What has arrived so far. */
class Upload {
  readonly fields = new Map<string, string>()
  file: IncomingFile | undefined

  takeField(name: string, value: string, truncated: boolean): void {
    requireStorableKey(name)
    const fault = textFault(value)
    if (truncated) {
      throw new AppError('request.too_large', { detail: `A field may have at most ${maxFieldBytes} bytes.` })
    }
    if (fault !== undefined) throw invalid(name.slice(0, 100), fault)
    if (this.fields.has(name)) throw invalid(name.slice(0, 100), 'is given more than once')
    this.fields.set(name, value)
  }
}

function createParser(request: IncomingMessage): BusboyInstance {
  const contentType = request.headers['content-type'] ?? ''
  if (!/^multipart\/form-data\s*(;|$)/i.test(contentType)) {
    throw new AppError('request.unsupported_media_type', { detail: 'Send the body as multipart/form-data.' })
  }
  try {
    return new Busboy({
      headers: { ...request.headers, 'content-type': contentType },
      limits: { files: 1, fields: maxFields, fieldSize: maxFieldBytes, headerPairs: 20, headerSize: 16_384 },
    })
  } catch {
    throw malformed('The Content-Type names no boundary.')
  }
}

function requireFittingLength(request: IncomingMessage, limitBytes: number): void {
  if (Number(request.headers['content-length'] ?? 0) <= limitBytes + envelopeBytes) return
  throw new AppError('document.too_large', { detail: `The file may have at most ${limitBytes} bytes.` })
}

/** Resolves when the whole body has been parsed. Rejects with the first fault, whichever part of the flow finds it. */
function parseBody(
  request: IncomingMessage,
  parser: BusboyInstance,
  { upload, options }: { readonly upload: Upload; readonly options: MultipartOptions<unknown> },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const guarded = (work: () => void): void => {
      try {
        work()
      } catch (error) {
        reject(error)
      }
    }
    const broken = (): void => reject(malformed('The multipart body is broken or cut off.'))
    const left = (): void => reject(options.signal.reason as Error)
    options.signal.addEventListener('abort', left, { once: true })
    if (options.signal.aborted) left()
    parser.on('file', (name: string | undefined, source, filename, _encoding, declaredMediaType) => {
      source.on('error', broken)
      if (name !== 'file') {
        source.resume()
        return reject(invalid('file', 'is missing: the file’s part has another name'))
      }
      const held = new PassThrough()
      // The store may not listen yet when a fault destroys what it is to read.
      held.on('error', () => {})
      source.pipe(held, { end: false })
      const stored = options.blobs.put(held, { limitBytes: options.limitBytes })
      stored.catch(reject)
      upload.file = { filename: toFilename(filename ?? ''), declaredMediaType, source, held, stored }
    })
    parser.on('field', (name: string | undefined, value, _nameTruncated, truncated) =>
      guarded(() => upload.takeField(name ?? '', value, truncated)),
    )
    parser.on('filesLimit', () => reject(invalid('file', 'may be given only once')))
    parser.on('fieldsLimit', () => reject(invalid('fields', `may be ${maxFields} at most`)))
    parser.on('error', broken)
    parser.on('finish', resolve)
    request.pipe(parser)
  })
}

/**
 * Reads a body with one file part named `file` into the blob store. Throws `request.malformed` (broken or cut off),
 * `request.invalid` (no file, two files, another name, faulty fields), `request.unsupported_media_type`,
 * `request.too_large`, `document.too_large`, `document.empty`, and what `parseFields` throws.
 */
export async function readMultipart<Fields>(
  request: IncomingMessage,
  options: MultipartOptions<Fields>,
): Promise<MultipartBody<Fields>> {
  const parser = createParser(request)
  requireFittingLength(request, options.limitBytes)
  const upload = new Upload()
  try {
    await parseBody(request, parser, { upload, options })
    const { file } = upload
    if (file === undefined) throw invalid('file', 'is missing')
    const rawFields = Object.fromEntries(upload.fields)
    const fields = await options.parseFields(rawFields)
    if (file.source.bytesRead === 0) throw new AppError('document.empty', { detail: 'The file has no bytes.' })
    file.held.end()
    const { filename, declaredMediaType } = file
    return { file: { filename, declaredMediaType, ...(await file.stored) }, fields, rawFields }
  } catch (error) {
    request.unpipe(parser)
    upload.file?.held.destroy(error as Error)
    // Only when the store has cleaned up is the request over.
    await upload.file?.stored.catch(() => {})
    throw error
  }
}
