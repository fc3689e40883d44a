// Layout blocks become elements: Markdown is undone, list items are gathered, and prose is never left in a table.
import type { LayoutBlock } from '@llamaindex/liteparse'
import { expect } from 'chai'
import { createElementCollector } from '../../../platform/parsing/element-collector.ts'
import { addPage, plainText, proseOf } from '../../../platform/parsing/pdf-blocks.ts'

const box = { x: 10, y: 20, width: 100, height: 12 }
const elementsOf = (blocks: readonly LayoutBlock[], text = '') => {
  const collector = createElementCollector()
  addPage(collector, { pageNum: 3, height: 800, text, blocks })
  return collector.elements
}

describe('the blocks of a PDF page', () => {
  it('lose their Markdown, but not the characters that were escaped', () => {
    expect(plainText('**Bold lead.** then *italic* and ~~struck~~')).to.equal('Bold lead. then italic and struck')
    expect(plainText('snake\\_case, 2\\*3, a\\\\b, `tick`, 5 > 4')).to.equal('snake_case, 2*3, a\\b, `tick`, 5 > 4')
  })

  it('become elements with page and box', () => {
    expect(
      elementsOf([
        { kind: 'heading', text: 'Leave', level: 2, bbox: box },
        { kind: 'paragraph', text: 'You have *28* days.', bbox: box },
        { kind: 'code', lines: ['a = b', '  c = d'] },
        { kind: 'rule' },
      ]),
    ).to.deep.equal([
      { kind: 'heading', text: 'Leave', level: 2, page: 3, bbox: [10, 20, 110, 32], headingPath: [] },
      { kind: 'paragraph', text: 'You have 28 days.', page: 3, bbox: [10, 20, 110, 32], headingPath: ['Leave'] },
      { kind: 'code', text: 'a = b\n  c = d', page: 3, headingPath: ['Leave'] },
    ])
  })

  it('gather list items that follow one another, with their numbers, depth and a box around all', () => {
    const item = (text: string, more: Partial<LayoutBlock> = {}): LayoutBlock => ({
      kind: 'list_item',
      text,
      bbox: box,
      ...more,
    })
    const [list, paragraph, second] = elementsOf([
      item('one', { ordered: true, marker: '1.' }),
      item('inner', { level: 1, marker: '•', bbox: { x: 30, y: 40, width: 200, height: 12 } }),
      { kind: 'paragraph', text: 'Between.' },
      item('other'),
    ])
    expect(list).to.include({ kind: 'list', text: '1. one\n  - inner' })
    expect(list?.bbox).to.deep.equal([10, 20, 230, 52])
    expect([paragraph?.text, second?.text]).to.deep.equal(['Between.', '- other'])
  })

  it('make a table of header and rows', () => {
    const cell = (text: string) => ({ text })
    const [table] = elementsOf([{ kind: 'table', header: [cell('A'), cell('B')], rows: [[cell('1'), cell('2')]] }])
    expect(table).to.deep.include({ kind: 'table', text: '| A | B |\n| --- | --- |\n| 1 | 2 |' })
    expect(table?.cells).to.deep.equal([
      ['A', 'B'],
      ['1', '2'],
    ])
  })

  it('give way to the page’s lines when they miss much of its text', () => {
    const elements = elementsOf([{ kind: 'paragraph', text: 'Little.' }], 'Much more  text\nthan that.\n\nAnd more.')
    expect(elements.map((element) => element.text)).to.deep.equal(['Much more text\nthan that.', 'And more.'])
  })
})

describe('a table that is prose', () => {
  const left = 'This column of a page goes on for many words and lines'
  const right = 'and the other one does so as well, beside it, for long'

  it('is read down its columns', () => {
    expect(
      proseOf([
        [left, right],
        [left, right],
      ]),
    ).to.deep.equal([`${left} ${left}`, `${right} ${right}`])
    const flowing = [
      ['removed and the wound', 'Don’t use deodorant under your arm'],
      ['has healed completely.', 'until the wound has healed, and ask.'],
    ]
    expect(proseOf(flowing)).to.deep.equal([
      flowing.map((row) => row[0]).join(' '),
      flowing.map((row) => row[1]).join(' '),
    ])
  })

  it('is read along its lines when the left column is only their first words', () => {
    expect(
      proseOf([
        ['you', 'may use all commands in your text'],
        ['any', 'of them does what it did before.'],
      ]),
    ).to.deep.equal(['you may use all commands in your text any of them does what it did before.'])
  })

  it('is one of a single column', () => {
    expect(proseOf([['a'], ['b']])).to.deep.equal(['a\nb'])
  })

  it('is none that is a table', () => {
    expect(
      proseOf([
        ['Stage I', 'The tumour is less than 2 cm in diameter and has not spread.'],
        ['Stage II', 'It is larger.'],
      ]),
    ).to.equal(undefined)
    expect(
      proseOf([
        ['name', 'Bob'],
        ['age', '12'],
      ]),
    ).to.equal(undefined)
    expect(
      proseOf([
        [left, right, 'x'],
        [left, right, 'y'],
      ]),
    ).to.equal(undefined)
  })
})
