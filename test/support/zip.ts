// Writes ZIP files byte by byte, so that tests can make those that no library would: bombs, and headers that lie.
// Layout by APPNOTE.TXT 4.3: local headers with data, then the central directory, then its end record.
import { deflateRawSync } from 'node:zlib'

export interface ZipPart {
  readonly name: string
  /** What is stored; deflated here, unless `deflated` holds it in that form already. */
  readonly content?: Buffer | string
  readonly deflated?: Buffer
  /** What the headers say that it unpacks to. */
  readonly declaredBytes?: number
  /** Bit 0 of the flags: the part is encrypted. */
  readonly encrypted?: boolean
}

const deflateMethod = 8

function header(part: ZipPart, data: Buffer, localOffset?: number): Buffer {
  const name = Buffer.from(part.name)
  const central = localOffset !== undefined
  const fields = Buffer.alloc(central ? 46 : 30)
  fields.writeUInt32LE(central ? 0x02014b50 : 0x04034b50, 0)
  const at = central ? 2 : 0
  if (central) fields.writeUInt16LE(20, 4)
  fields.writeUInt16LE(20, 4 + at)
  fields.writeUInt16LE(part.encrypted === true ? 1 : 0, 6 + at)
  fields.writeUInt16LE(deflateMethod, 8 + at)
  fields.writeUInt32LE(data.length, 18 + at)
  fields.writeUInt32LE(part.declaredBytes ?? Buffer.byteLength(part.content ?? ''), 22 + at)
  fields.writeUInt16LE(name.length, 26 + at)
  if (central) fields.writeUInt32LE(localOffset, 42)
  return Buffer.concat([fields, name])
}

/** Checksums are left at zero: readers of documents don't look at them. */
export function makeZip(parts: readonly ZipPart[]): Buffer {
  const local: Buffer[] = []
  const central: Buffer[] = []
  let offset = 0
  for (const part of parts) {
    const data = part.deflated ?? deflateRawSync(part.content ?? '')
    const start = header(part, data)
    central.push(header(part, data, offset))
    local.push(start, data)
    offset += start.length + data.length
  }
  const directory = Buffer.concat(central)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(parts.length % 0x10000, 8)
  end.writeUInt16LE(parts.length % 0x10000, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...local, directory, end])
}
