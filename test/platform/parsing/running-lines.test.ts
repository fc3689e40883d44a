// Headers, footers and page numbers go; whatever else stands at a page's edge stays.
import type { LayoutBlock } from '@llamaindex/liteparse'
import { expect } from 'chai'
import { withoutRunningLines } from '../../../platform/parsing/running-lines.ts'

const block = (text: string, y: number, kind: LayoutBlock['kind'] = 'paragraph'): LayoutBlock => ({
  kind,
  text,
  bbox: { x: 50, y, width: 200, height: 10 },
})
const remaining = (pages: readonly (readonly LayoutBlock[])[]): readonly (readonly (string | undefined)[])[] =>
  withoutRunningLines(pages.map((blocks, index) => ({ pageNum: index + 1, height: 800, text: '', blocks }))).map(
    (page) => page.blocks.map((each) => each.text),
  )
const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index))

describe('running lines', () => {
  it('are dropped when they stand at the edge of three pages, whatever number they hold', () => {
    const pages = times(3, (index) => [
      block(`Chapter ${index}: Leave`, 20),
      block(`Text ${index}`, 400),
      block(`Staff Handbook, page ${index} of 9`, 770),
    ])
    expect(remaining(pages)).to.deep.equal([['Text 0'], ['Text 1'], ['Text 2']])
  })

  it('are kept when they stand on two pages only, or away from the edge', () => {
    const two = times(2, () => [block('The same line', 20)])
    expect(remaining(two)).to.deep.equal(two.map(() => ['The same line']))
    const middle = times(5, () => [block('The same line', 400)])
    expect(remaining(middle)).to.deep.equal(middle.map(() => ['The same line']))
  })

  it('are kept when they are headings that differ by their number', () => {
    const pages = times(4, (index) => [block(`Chapter ${index}`, 20, 'heading')])
    expect(remaining(pages)).to.deep.equal(times(4, (index) => [`Chapter ${index}`]))
    expect(remaining(times(4, () => [block('Staff Handbook', 20, 'heading')])).flat()).to.deep.equal([])
  })

  for (const number of ['7', '– 7 –', 'xii', 'Page 7', 'Page 7 of 12', '7/12', '(7)'])
    it(`are page numbers such as “${number}”, on a single page already`, () => {
      expect(remaining([[block(number, 780)]])).to.deep.equal([[]])
      expect(remaining([[block(number, 400)]])).to.deep.equal([[number]])
    })

  it('are no short sentences', () => {
    for (const text of ['In 1911.', '7 days', 'mild', 'Page 7 says so'])
      expect(remaining([[block(text, 780)]])).to.deep.equal([[text]])
  })
})
