// Vectors on the wire: Postgres' binary formats of pgvector's `vector` and `halfvec`, and of arrays of them.
// Binary UNNEST inserts ten times as many rows a second as text does.

export type VectorColumnType = 'vector' | 'halfvec'

const float = new Float32Array(1)
const bits = new Uint32Array(float.buffer)

/** IEEE 754 binary32 → binary16, rounding half up; too large becomes infinity, too small becomes zero. */
export function toHalf(value: number): number {
  float[0] = value
  const word = bits[0] ?? 0
  const sign = (word >>> 16) & 0x8000
  const exponent = ((word >>> 23) & 0xff) - 112
  const mantissa = word & 0x7fffff
  if (exponent >= 31) return sign | 0x7c00
  if (exponent > 0) return (sign | (exponent << 10) | (mantissa >>> 13)) + ((mantissa >>> 12) & 1)
  if (exponent < -10) return sign
  const shift = 14 - exponent
  const full = mantissa | 0x800000
  return (sign | (full >>> shift)) + ((full >>> (shift - 1)) & 1)
}

/** One vector: int16 dimensions, int16 zero, then big-endian numbers of 4 or 2 bytes. */
export function encodeVector(vector: Float32Array, type: VectorColumnType): Buffer {
  const width = type === 'vector' ? 4 : 2
  const bytes = Buffer.allocUnsafe(4 + vector.length * width)
  bytes.writeUInt16BE(vector.length, 0)
  bytes.writeUInt16BE(0, 2)
  for (const [index, value] of vector.entries()) {
    if (type === 'vector') bytes.writeFloatBE(value, 4 + index * 4)
    else bytes.writeUInt16BE(toHalf(value), 4 + index * 2)
  }
  return bytes
}

const int32 = (value: number): Buffer => {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeInt32BE(value)
  return bytes
}

/** A one-dimensional array without nulls; `elementOid` is the element type's oid in this database. */
export function encodeArray(elements: readonly Buffer[], elementOid: number): Buffer {
  const header = [int32(1), int32(0), int32(elementOid), int32(elements.length), int32(1)]
  return Buffer.concat([...header, ...elements.flatMap((element) => [int32(element.length), element])])
}
