// Tables of HTML as rows of cell texts, with spans spread out: a cell over several rows is repeated in each of them, so
// that every row can be read by itself; the further columns of a wide cell stay empty.
import { AppError } from '../../domain/errors.ts'
import { type HtmlElement, inlineText, isElement } from './html-inline.ts'

const mostColumns = 1_000
const mostCells = 500_000

function rowsOf(table: HtmlElement): readonly HtmlElement[] {
  return table.children.filter(isElement).flatMap((child) => {
    if (child.name === 'tr') return [child]
    return ['thead', 'tbody', 'tfoot'].includes(child.name)
      ? child.children.filter(isElement).filter((row) => row.name === 'tr')
      : []
  })
}

const span = (cell: HtmlElement, name: string, limit: number): number =>
  Math.min(Math.max(Number.parseInt(cell.attribs[name] ?? '1', 10) || 1, 1), limit)

interface Hanging {
  readonly text: string
  rowsLeft: number
}

/** Rows of cell texts; undefined when the table only lays things out: it says so, or has a single column. */
export function tableCells(table: HtmlElement): readonly (readonly string[])[] | undefined {
  const rows = rowsOf(table)
  const grid: string[][] = []
  const hanging = new Map<number, Hanging>()
  let cellCount = 0
  for (const [index, row] of rows.entries()) {
    const line: string[] = []
    const takeHanging = (): void => {
      for (let above = hanging.get(line.length); above !== undefined; above = hanging.get(line.length)) {
        above.rowsLeft--
        if (above.rowsLeft === 0) hanging.delete(line.length)
        line.push(above.text)
      }
    }
    for (const cell of row.children.filter(isElement).filter(({ name }) => name === 'td' || name === 'th')) {
      takeHanging()
      const text = inlineText(cell.children).replaceAll('\n', ' ')
      const columns = span(cell, 'colspan', mostColumns)
      const below = span(cell, 'rowspan', rows.length - index) - 1
      for (let column = 0; column < columns; column++) {
        const shown = column === 0 ? text : ''
        if (below > 0) hanging.set(line.length, { text: shown, rowsLeft: below })
        line.push(shown)
      }
      if (line.length > mostColumns) throw tooLarge()
    }
    takeHanging()
    cellCount += line.length
    if (cellCount > mostCells) throw tooLarge()
    grid.push(line)
  }
  const layout = table.attribs['role'] === 'presentation' || grid.every((line) => line.length < 2)
  return layout ? undefined : grid
}

const tooLarge = (): AppError =>
  new AppError('document.limit_exceeded', { detail: `A table may have ${mostColumns} columns and ${mostCells} cells.` })
