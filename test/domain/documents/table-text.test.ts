// Tables as Markdown that reads back as the same table.
import { expect } from 'chai'
import { lexer } from 'marked'
import { tableText } from '../../../domain/documents/table-text.ts'

describe('the text of a table', () => {
  it('is Markdown that gives the same cells again', () => {
    const cells = [
      ['District', 'a | b'],
      ['', '2\n3'],
      ['x', ''],
    ]
    const [table] = lexer(tableText(cells))
    expect(table?.type).to.equal('table')
    const rows = table?.type === 'table' ? [table['header'], ...table['rows']] : []
    const texts = rows.map((row: readonly { readonly text: string }[]) => row.map((cell) => cell.text))
    expect(texts).to.deep.equal([
      ['District', 'a | b'],
      ['', '2 3'],
      ['x', ''],
    ])
  })

  it('is a header alone when there are no rows', () => {
    expect(tableText([['A', 'B']])).to.equal('| A | B |\n| --- | --- |')
  })
})
