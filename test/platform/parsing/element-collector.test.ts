// Elements are clean, never empty, know the headings above them, and are bounded together.
import { expect } from 'chai'
import fc from 'fast-check'
import { AppError } from '../../../domain/errors.ts'
import { cleanText } from '../../../platform/parsing/clean-text.ts'
import { createElementCollector } from '../../../platform/parsing/element-collector.ts'

describe('the element collector', () => {
  it('closes sections of the same level and below', () => {
    const collector = createElementCollector()
    for (const [level, text] of [
      [1, 'A'],
      [2, 'B'],
      [4, 'C'],
      [2, 'D'],
      [1, 'E'],
    ] as const)
      collector.heading(level, text)
    expect(collector.elements.map(({ headingPath }) => headingPath)).to.deep.equal([[], ['A'], ['A', 'B'], ['A'], []])
  })

  it('leaves out what is empty once it is clean', () => {
    const collector = createElementCollector()
    collector.heading(1, ' \u0000 ')
    collector.add('paragraph', '\u200B\n')
    collector.table([['', ' '], ['']])
    expect(collector.elements).to.deep.equal([])
  })

  it('takes a heading for a paragraph when it is too long to be one', () => {
    const collector = createElementCollector()
    collector.heading(1, 'x'.repeat(501))
    collector.add('paragraph', 'text')
    expect(collector.elements.map(({ kind, headingPath }) => [kind, headingPath])).to.deep.equal([
      ['paragraph', []],
      ['paragraph', []],
    ])
  })

  it('squares tables, without empty rows and columns', () => {
    const collector = createElementCollector()
    collector.table([['a', '', 'b'], [], ['1'], ['', '', '2\n3']])
    expect(collector.elements[0]?.cells).to.deep.equal([
      ['a', 'b'],
      ['1', ''],
      ['', '2 3'],
    ])
  })

  it('is bounded, and heading paths count with what is below them', () => {
    const collector = createElementCollector(1_000)
    collector.heading(1, 'h'.repeat(300))
    collector.add('paragraph', 'p')
    collector.add('paragraph', 'p')
    expect(() => collector.add('paragraph', 'p'))
      .to.throw(AppError)
      .with.property('code', 'document.limit_exceeded')
  })
})

describe('clean text', () => {
  it('has no control characters, soft hyphens or byte order marks, and no ligatures', () => {
    expect(cleanText('\uFEFFa\u0000b\u0007\u00AD c\u200B\r\nd\u2028e\ff ﬁﬄ')).to.equal('ab c\nd\ne\nf fiffl')
    expect(cleanText('e\u0301')).to.equal('\u00E9')
  })

  it('is valid Unicode that Postgres takes, and stays the same when it is cleaned again', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.string({ unit: fc.constantFrom('\uD800', '\uDC00', 'a', '\0') }),
        (a, b) => {
          const text = cleanText(a + b)
          expect(Buffer.from(text).toString()).to.equal(text)
          expect(text).to.not.include('\0')
          expect(cleanText(text)).to.equal(text)
        },
      ),
    )
  })
})
