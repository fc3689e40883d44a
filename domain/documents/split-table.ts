// Cuts a table that is over its budget by rows, with the header above each piece, so that every piece can be read alone.
import { pack } from './pack.ts'
import { type Budget, fitsBudget, splitText } from './split-text.ts'
import { tableHeader, tableRow } from './table-text.ts'

const textPieces = (text: string, budget: Budget): readonly string[] =>
  splitText(text, budget, { lines: true }).map(({ start, end }) => text.slice(start, end))

/** The texts of the pieces. A row that is over the budget by itself is cut as text, without the header. */
export function splitTable(cells: readonly (readonly string[])[], budget: Budget): readonly string[] {
  const [first = [], ...others] = cells
  const header = tableHeader(first)
  const rows = others.map(tableRow)
  const headerTokens = header.length > budget.tokens * 4 ? Infinity : budget.measure(header)
  if (headerTokens > budget.tokens / 2) return textPieces([header, ...rows].join('\n'), budget)
  const render = (group: readonly string[]): string => [header, ...group].join('\n')
  const pieces: string[] = []
  let waiting: string[] = []
  /** Rows that wait, under the header; the header alone when no piece has it yet. */
  const flush = (): void => {
    if (waiting.length === 0 && pieces.length === 0) pieces.push(header)
    const groups = pack(waiting, {
      size: (row) => budget.measure(`\n${row}`) - budget.measure(''),
      budget: budget.tokens - headerTokens,
      fits: (group) => fitsBudget(render(group), budget),
    })
    pieces.push(...groups.map(render))
    waiting = []
  }
  for (const row of rows) {
    if (fitsBudget(render([row]), budget)) waiting.push(row)
    else {
      flush()
      pieces.push(...textPieces(row, budget))
    }
  }
  flush()
  return pieces
}
