// Postgres' binary vectors: the layout by its definition, and halves against an independent conversion.
import { expect } from 'chai'
import fc from 'fast-check'
import { encodeArray, encodeVector, toHalf } from '../../../db/documents/vector-codec.ts'

/** IEEE 754 binary16 → number, by the definition. */
function fromHalf(bits: number): number {
  const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >>> 10) & 0x1f, bits & 0x3ff]
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return exponent === 0 ? sign * 2 ** -14 * (fraction / 1024) : sign * 2 ** (exponent - 15) * (1 + fraction / 1024)
}

describe('the vector codec', () => {
  it('writes dimensions, a zero, and big-endian numbers', () => {
    expect(encodeVector(Float32Array.of(1, -2), 'vector').toString('hex')).to.equal('000200003f800000c0000000')
    expect(encodeVector(Float32Array.of(1, -2), 'halfvec').toString('hex')).to.equal('000200003c00c000')
  })

  it('gives back every half exactly', () => {
    for (let bits = 0; bits < 0x7c00; bits++) expect(toHalf(fromHalf(bits)), bits.toString(16)).to.equal(bits)
    expect(toHalf(-0)).to.equal(0x8000)
    expect(toHalf(70_000)).to.equal(0x7c00)
    expect(toHalf(1e-10)).to.equal(0)
  })

  it('rounds to the nearest half', () => {
    fc.assert(
      fc.property(fc.double({ min: -60_000, max: 60_000, noNaN: true }), (value) => {
        const rounded = Math.fround(value)
        const bits = toHalf(rounded)
        const error = Math.abs(fromHalf(bits) - rounded)
        for (const neighbour of [bits - 1, bits + 1]) {
          if (((neighbour ^ bits) & 0x8000) !== 0 || (neighbour & 0x7c00) === 0x7c00) continue
          expect(error).to.be.at.most(Math.abs(fromHalf(neighbour) - rounded))
        }
      }),
    )
  })

  it('frames an array of one dimension with its elements’ type', () => {
    const array = encodeArray([Buffer.from([1]), Buffer.from([2, 3])], 99)
    expect(array.toString('hex')).to.equal(
      ['00000001', '00000000', '00000063', '00000002', '00000001', '00000001', '01', '00000002', '0203'].join(''),
    )
  })
})
