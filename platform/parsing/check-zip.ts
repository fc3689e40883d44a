// Bounds what a ZIP file unpacks to before a library unpacks it: by inflating and counting, because headers lie.
// Nothing is kept, so the check costs time but no memory.
import type { Readable } from 'node:stream'
import { type Entry, openPromise, type ZipFile } from 'yauzl'
import { documentLimits } from '../../domain/documents/limits.ts'
import { AppError } from '../../domain/errors.ts'

/** Small files of little variety, such as empty style sheets, may well compress better than the ratio allows. */
const ratioCountsFrom = 1024 * 1024

const bomb = (detail: string): AppError => new AppError('document.limit_exceeded', { detail })

async function inflatedSize(stream: Readable, { compressedSize }: Entry, allowed: number): Promise<number> {
  let size = 0
  for await (const part of stream as AsyncIterable<Buffer>) {
    size += part.length
    if (size > Math.min(documentLimits.zipEntryBytes, allowed)) throw bomb('The file unpacks to too much data.')
    if (size > ratioCountsFrom && size > compressedSize * documentLimits.zipRatio)
      throw bomb('A part of the file is compressed far more than documents are.')
  }
  return size
}

async function checkEntries(zip: ZipFile): Promise<void> {
  let entries = 0
  let total = 0
  for await (const entry of zip.eachEntry()) {
    entries++
    if (entries > documentLimits.zipEntries) throw bomb(`The file has more than ${documentLimits.zipEntries} parts.`)
    if (entry.isEncrypted())
      throw new AppError('document.encrypted', { detail: 'Remove the password, and upload the file again.' })
    const stream = await zip.openReadStreamPromise(entry)
    total += await inflatedSize(stream, entry, documentLimits.zipTotalBytes - total)
  }
}

/** Throws AppError `document.limit_exceeded`, `document.encrypted`, or `document.broken` when it isn't a whole ZIP file. */
export async function checkZip(path: string): Promise<void> {
  let zip: ZipFile | undefined
  try {
    zip = await openPromise(path, { lazyEntries: true, autoClose: false, validateEntrySizes: false })
    await checkEntries(zip)
  } catch (error) {
    if (error instanceof AppError) throw error
    throw new AppError('document.broken', {
      detail: 'The file is damaged. Save it anew from its program.',
      cause: error,
    })
  } finally {
    zip?.close()
  }
}
