// What a file is, by its bytes: a name is only asked to tell kinds of text apart.
// Uploads are judged before anything is stored, so that a mislabelled file ends with a clear answer at once.
import { open, stat } from 'node:fs/promises'
import { extname } from 'node:path'
import { fileTypeFromFile } from 'file-type'
import { AppError } from '../../domain/errors.ts'
import { tryDecode } from './decode-text.ts'

export const readableMediaTypes = [
  'application/pdf',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  'text/html',
  'text/markdown',
  'text/plain',
  'text/csv',
] as const
export type ReadableMediaType = (typeof readableMediaTypes)[number]

const textTypes: Readonly<Record<string, ReadableMediaType>> = {
  '.html': 'text/html',
  '.htm': 'text/html',
  '.xhtml': 'text/html',
  '.md': 'text/markdown',
  '.markdown': 'text/markdown',
  '.csv': 'text/csv',
  '.tsv': 'text/csv',
}

/** Formats whose bytes are text, but whose text isn't what they say. */
const markedText = new Set(['application/rtf', 'application/postscript', 'application/eps', 'application/xml'])

const headBytes = 64 * 1024
/** Control characters tell binary data from text; ESC is let through for the terminal colours in logs. */
// oxlint-disable-next-line no-control-regex
const binary = /[\u0000-\u0008\u000E-\u001A\u001C-\u001F\u007F]/

async function readPart(path: string, position: number): Promise<Buffer> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, position)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

/** The root element or the doctype of a page, after any comments. */
function looksLikeHtml(text: string): boolean {
  let rest = text.trimStart()
  for (;;) {
    const end = rest.startsWith('<!--') ? '-->' : rest.startsWith('<?xml') ? '?>' : undefined
    if (end === undefined) return /^<(?:!doctype\s+html|html)\b/i.test(rest)
    const index = rest.indexOf(end)
    if (index === -1) return false
    rest = rest.slice(index + end.length).trimStart()
  }
}

const unsupported = (): AppError =>
  new AppError('document.unsupported', {
    detail:
      'What can be read: PDF, Word (.docx), HTML, Markdown, plain text and CSV. Text has to be UTF-8, or UTF-16 with a byte order mark.',
  })

/**
 * Whether a compound file's directory names the stream that every encrypted Office file has. The directory's place
 * stands in the header ([MS-CFB] 2.2: sector size as a power of two at 30, first directory sector at 48).
 */
async function holdsEncryptedOffice(path: string, head: Buffer): Promise<boolean> {
  if (head.length < 512) return false
  const directory = await readPart(path, (head.readUInt32LE(48) + 1) * 2 ** Math.min(head.readUInt16LE(30), 16))
  return directory.includes(Buffer.from('EncryptedPackage', 'utf16le'))
}

/** The record at the end of every ZIP file, before a comment of up to 64 KB (APPNOTE.TXT 4.3.16). */
async function endsAsZip(path: string): Promise<boolean> {
  const { size } = await stat(path)
  return (await readPart(path, Math.max(size - headBytes, 0))).includes(Buffer.from('PK\u0005\u0006', 'latin1'))
}

/** Readers of PDF accept up to 1,024 bytes of anything before its mark. */
const hasPdfMark = (head: Buffer): boolean => head.subarray(0, 1024 + 5).includes('%PDF-')

/**
 * The media type of the file at `path`; `filename` is what its owner calls it.
 * Throws AppError `document.empty`, `document.encrypted` (an Office file with a password), `document.broken` (a Word file
 * that was cut off) or `document.unsupported`.
 */
export async function sniffMediaType({
  path,
  filename,
}: {
  readonly path: string
  readonly filename: string
}): Promise<ReadableMediaType> {
  const head = await readPart(path, 0)
  if (head.length === 0) throw new AppError('document.empty', { detail: 'The file has no bytes.' })
  const found: string | undefined = (await fileTypeFromFile(path))?.mime
  if (found === 'application/pdf') return found
  if (found === 'application/vnd.openxmlformats-officedocument.wordprocessingml.document') return found
  if (found === 'application/x-cfb' && (await holdsEncryptedOffice(path, head)))
    throw new AppError('document.encrypted', { detail: 'Remove the password, and upload the file again.' })
  if (found === 'application/zip' && extname(filename).toLowerCase() === '.docx' && !(await endsAsZip(path)))
    throw new AppError('document.broken', { detail: 'The Word file isn’t whole. Save it anew from its program.' })
  const text = tryDecode(head, { cut: head.length === headBytes })
  if (text === undefined || binary.test(text)) {
    if (found === undefined && hasPdfMark(head)) return 'application/pdf'
    throw unsupported()
  }
  if (looksLikeHtml(text)) return 'text/html'
  if (found !== undefined && markedText.has(found)) throw unsupported()
  return textTypes[extname(filename).toLowerCase()] ?? 'text/plain'
}
