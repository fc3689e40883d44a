// Runs of text become headings and paragraphs by their gaps and sizes.
import { expect } from 'chai'
import { createElementCollector } from '../../../platform/parsing/element-collector.ts'
import { addRuns, type TextRun } from '../../../platform/parsing/pdf-lines.ts'

const line = (text: string, top: number, { size = 10, page = 1, endsLine = true } = {}): TextRun => ({
  text,
  page,
  bbox: [50, top, 50 + text.length * 5, top + size],
  endsLine,
})
const elementsOf = (runs: readonly TextRun[]) => {
  const collector = createElementCollector()
  addRuns(collector, runs)
  return collector.elements
}

describe('runs of text', () => {
  it('are joined to lines, and close lines to paragraphs', () => {
    const elements = elementsOf([
      line('Core hours run', 100, { endsLine: false }),
      line(' from 10:15', 100),
      line('to 15:45.', 112),
      line('Another paragraph.', 140),
    ])
    expect(elements.map(({ kind, text }) => [kind, text])).to.deep.equal([
      ['paragraph', 'Core hours run from 10:15 to 15:45.'],
      ['paragraph', 'Another paragraph.'],
    ])
    expect(elements[0]).to.deep.include({ page: 1, bbox: [50, 100, 120, 122] })
  })

  it('lose the hyphens of the typesetter, and keep others', () => {
    const [element] = elementsOf([line('an inter-', 100), line('national Anglo-', 112), line('French day', 124)])
    expect(element?.text).to.equal('an international Anglo- French day')
  })

  it('are headings when they are larger than the text, the largest outermost', () => {
    const elements = elementsOf([
      line('Handbook', 50, { size: 20 }),
      line('Working Hours', 80, { size: 14 }),
      line('A text in the size that most of it has.', 110),
    ])
    expect(elements.map(({ kind, level, headingPath }) => ({ kind, level, headingPath }))).to.deep.equal([
      { kind: 'heading', level: 1, headingPath: [] },
      { kind: 'heading', level: 2, headingPath: ['Handbook'] },
      { kind: 'paragraph', level: undefined, headingPath: ['Handbook', 'Working Hours'] },
    ])
  })

  it('never go on over a page', () => {
    const elements = elementsOf([
      line('The end of a page', 780, { endsLine: false }),
      line('and the next', 50, { page: 2 }),
    ])
    expect(elements.map(({ page }) => page)).to.deep.equal([1, 2])
  })

  it('give nothing when they are blank', () => {
    expect(elementsOf([line('  ', 100), line('', 120)])).to.deep.equal([])
  })
})
