// The answer's body, unpacked, with each layer's output counted: a few kilobytes of gzip in gzip may hold terabytes, and
// the layers between may be as large as the result.
import type { Readable, Transform } from 'node:stream'
import { Transform as TransformStream, pipeline } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { AppError } from '../../domain/errors.ts'

/** Sent to every host: the encodings that are taken. */
export const acceptedEncodings = 'gzip, br'

const decoders: Readonly<Record<string, (() => Transform) | undefined>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  br: createBrotliDecompress,
  deflate: createInflate,
}
/** Servers use one; two happen by mistake. */
const longestStack = 2

export const tooLarge = (maxBytes: number): AppError =>
  new AppError('egress.too_large', { detail: `The answer is larger than ${maxBytes} bytes once it’s unpacked.` })

function meter(maxBytes: number): Transform {
  let total = 0
  return new TransformStream({
    transform(chunk: Buffer, _encoding, callback) {
      total += chunk.length
      if (total > maxBytes) callback(tooLarge(maxBytes))
      else callback(null, chunk)
    },
  })
}

/** RFC 9110 8.4: in the order in which they were applied. Throws AppError `egress.failed`. */
function decodersOf(contentEncoding: string): (() => Transform)[] {
  const names = contentEncoding
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '' && name !== 'identity')
  const found = names.map((name) => (Object.hasOwn(decoders, name) ? decoders[name] : undefined))
  const known = found.filter((decoder) => decoder !== undefined)
  if (known.length !== names.length || known.length > longestStack) {
    throw new AppError('egress.failed', { detail: 'The host’s answer has a content encoding that isn’t supported.' })
  }
  return known.toReversed()
}

/** A stream that fails with AppError `egress.too_large`, or with whatever the source and zlib fail with. */
export function decodeBody(source: Readable, contentEncoding: string, maxBytes: number): Readable {
  const layers = decodersOf(contentEncoding).flatMap((create) => [create(), meter(maxBytes)])
  const last = meter(maxBytes)
  // The failure reaches whoever reads the last stream.
  pipeline([source, ...(layers.length === 0 ? [] : [meter(maxBytes), ...layers]), last], () => undefined)
  return last
}
