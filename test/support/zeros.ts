// Gigabytes of zeros in compressed form, made within milliseconds: one flushed block, repeated.
// A block that ends in a full flush doesn't refer to what is before it (RFC 1951, zlib's Z_FULL_FLUSH).
import { constants, deflateRawSync } from 'node:zlib'

const blockBytes = 16 * 1024 * 1024
let block: Buffer | undefined

/** Raw deflate data that inflates to at least `bytes` zeros. */
export function deflatedZeros(bytes: number): Buffer {
  block ??= deflateRawSync(Buffer.alloc(blockBytes), { level: 9, finishFlush: constants.Z_FULL_FLUSH })
  const blocks = Array.from<Buffer>({ length: Math.ceil(bytes / blockBytes) }).fill(block)
  return Buffer.concat([...blocks, deflateRawSync(Buffer.alloc(1))])
}

/** The same as a zlib stream (RFC 1950), as PDF has it; the checksum is left out, as damaged files do. */
export const zlibZeros = (bytes: number): Buffer => Buffer.concat([Buffer.from([0x78, 0xda]), deflatedZeros(bytes)])
