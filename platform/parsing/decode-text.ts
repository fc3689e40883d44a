// Bytes of a text file to a string: UTF-8, UTF-16 with a byte order mark, or the charset that an HTML page declares.
// Nothing is guessed: a wrong guess would fill the index with mojibake that nobody notices.
import { readFile, stat } from 'node:fs/promises'
import { AppError } from '../../domain/errors.ts'

/** The encoding that a byte order mark names; UTF-8 without one. */
function markedEncoding(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le'
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be'
  return 'utf-8'
}

const charset = /<meta[^>]+charset\s*=\s*["']?\s*([\w.:-]+)|^<\?xml[^>]+encoding\s*=\s*["']([\w.:-]+)/i

/** The charset that a page declares within its first 1,024 bytes, if this runtime can decode it. */
function declaredEncoding(bytes: Uint8Array): string | undefined {
  const match = charset.exec(Buffer.from(bytes.subarray(0, 1024)).toString('latin1'))
  const name = match?.[1] ?? match?.[2]
  try {
    return name === undefined ? undefined : new TextDecoder(name).encoding
  } catch {
    return undefined
  }
}

/**
 * The text, or undefined when the bytes aren't text in an encoding that they name. UTF-8 is tried before a charset that
 * a page declares, because bytes are hardly ever valid UTF-8 by chance. `cut`: the end may lack a part of a character.
 */
export function tryDecode(bytes: Uint8Array, { cut = false }: { readonly cut?: boolean } = {}): string | undefined {
  const declared = declaredEncoding(bytes)
  for (const encoding of [markedEncoding(bytes), ...(declared === undefined ? [] : [declared])]) {
    try {
      return new TextDecoder(encoding, { fatal: true }).decode(bytes, { stream: cut })
    } catch {
      // Not in this encoding.
    }
  }
  return undefined
}

/**
 * Reads a whole text file. Throws AppError `document.broken` when it isn't text, `document.limit_exceeded` when it has
 * more than `limitBytes`.
 */
export async function readTextFile(path: string, limitBytes: number): Promise<string> {
  if ((await stat(path)).size > limitBytes)
    throw new AppError('document.limit_exceeded', {
      detail: `Files of this kind may have ${Math.floor(limitBytes / 2 ** 20)} MB.`,
    })
  const text = tryDecode(await readFile(path))
  if (text === undefined)
    throw new AppError('document.broken', { detail: 'Its text isn’t valid UTF-8. Save it as UTF-8.' })
  return text
}
