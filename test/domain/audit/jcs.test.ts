// The canonical form on the examples of RFC 8785 itself: its sample of 3.2.2, its sorting of 3.2.3, its numbers of appendix B.
import { expect } from 'chai'
import fc from 'fast-check'
import { canonicalize } from '../../../domain/audit/jcs.ts'
import { AppError } from '../../../domain/errors.ts'

/** IEEE 754 bits → the RFC's text. */
const numbers: readonly (readonly [string, string])[] = [
  ['0000000000000000', '0'],
  ['8000000000000000', '0'],
  ['0000000000000001', '5e-324'],
  ['8000000000000001', '-5e-324'],
  ['7fefffffffffffff', '1.7976931348623157e+308'],
  ['ffefffffffffffff', '-1.7976931348623157e+308'],
  ['4340000000000000', '9007199254740992'],
  ['c340000000000000', '-9007199254740992'],
  ['4430000000000000', '295147905179352830000'],
  ['44b52d02c7e14af5', '9.999999999999997e+22'],
  ['44b52d02c7e14af6', '1e+23'],
  ['44b52d02c7e14af7', '1.0000000000000001e+23'],
  ['444b1ae4d6e2ef4e', '999999999999999700000'],
  ['444b1ae4d6e2ef4f', '999999999999999900000'],
  ['444b1ae4d6e2ef50', '1e+21'],
  ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
  ['3eb0c6f7a0b5ed8d', '0.000001'],
  ['41b3de4355555553', '333333333.3333332'],
  ['41b3de4355555554', '333333333.33333325'],
  ['41b3de4355555555', '333333333.3333333'],
  ['41b3de4355555556', '333333333.3333334'],
  ['41b3de4355555557', '333333333.33333343'],
  ['becbf647612f3696', '-0.0000033333333333333333'],
  ['43143ff3c1cb0959', '1424953923781206.2'],
]

describe('canonical JSON', () => {
  it('writes the numbers of RFC 8785 appendix B', () => {
    for (const [bits, text] of numbers) {
      const value = Buffer.from(bits, 'hex').readDoubleBE()
      expect(canonicalize(value), bits).to.equal(text)
    }
  })

  it('writes the sample of RFC 8785 3.2.2', () => {
    const sample = String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`
    const expected =
      '7b226c69746572616c73223a5b6e756c6c2c747275652c66616c73655d2c226e756d62657273223a5b3333333333333333332e33333333' +
      '3333332c31652b33302c342e352c302e3030322c31652d32375d2c22737472696e67223a22e282ac245c75303030665c6e4127425c225c5c' +
      '5c5c5c222f227d'
    expect(Buffer.from(canonicalize(JSON.parse(sample))).toString('hex')).to.equal(expected)
  })

  it('orders keys by UTF-16 code units, as in RFC 8785 3.2.3', () => {
    const sample = String.raw`{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh",
      "1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}`
    const order = [...canonicalize(JSON.parse(sample)).matchAll(/:"([^"]+)"/g)].map(([, value]) => value)
    expect(order).to.deep.equal([
      'Carriage Return',
      'One',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ])
  })

  it('doesn’t depend on the order in which members were made, and keeps every value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalize(value)
        expect(canonicalize(JSON.parse(text))).to.equal(text)
        expect(JSON.parse(text)).to.deep.equal(JSON.parse(JSON.stringify(value)))
        if (typeof value !== 'object' || value === null || Array.isArray(value)) return
        expect(canonicalize(Object.fromEntries(Object.entries(value).toReversed()))).to.equal(text)
      }),
    )
    expect(canonicalize(JSON.parse('{"__proto__":1,"10":2,"9":3}'))).to.equal('{"10":2,"9":3,"__proto__":1}')
  })

  it('refuses what has no such form', () => {
    const hole: unknown[] = []
    hole.length = 1
    const refused = [
      NaN,
      Infinity,
      -Infinity,
      undefined,
      { a: undefined },
      [undefined],
      hole,
      '\ud800',
      { '\udc00': 1 },
    ]
    for (const value of [...refused, 1n, new Date(0), new Map(), () => 1, Symbol('s')]) {
      expect(() => canonicalize(value), typeof value).to.throw(AppError, 'has no canonical JSON form')
    }
  })
})
