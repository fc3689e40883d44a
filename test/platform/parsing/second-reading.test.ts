// A poor reading leads to a second one, and the better of the two is kept.
import { expect } from 'chai'
import type { ParsedDocument } from '../../../domain/documents/element.ts'
import { isBetterReading, needsSecondReading } from '../../../platform/parsing/second-reading.ts'

const reading = (text: string, pageCount = 1): ParsedDocument => ({
  parser: 'test',
  pageCount,
  elements: [{ kind: 'paragraph', text, headingPath: [] }],
})
const full = 'A full page has some text on it. '.repeat(20)

describe('a second reading of a PDF', () => {
  it('is needed when there is little text a page, or text from right to left', () => {
    expect(needsSecondReading(reading(full))).to.equal(false)
    expect(needsSecondReading(reading(full, 10))).to.equal(true)
    expect(needsSecondReading(reading('שלום עולם '.repeat(100)))).to.equal(true)
    expect(needsSecondReading(reading(`${full} שלום`))).to.equal(false)
    expect(needsSecondReading({ parser: 'test', pageCount: 1, elements: [] })).to.equal(true)
  })

  it('is better when it holds far more text', () => {
    expect(isBetterReading(reading('x'.repeat(100)), reading('x'.repeat(59)))).to.equal(true)
    expect(isBetterReading(reading('x'.repeat(100)), reading('x'.repeat(61)))).to.equal(false)
  })

  it('is better for text from right to left, unless it lost much of it', () => {
    expect(isBetterReading(reading('עולם שלום'), reading('שלום עולם'))).to.equal(true)
    expect(isBetterReading(reading('עו'), reading('שלום עולם'))).to.equal(false)
  })
})
