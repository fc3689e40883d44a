// Cuts a table that is over its budget by rows, with the header above each piece, so that every piece can be read alone.
import type { Steps } from '../steps.ts'
import { pack } from './pack.ts'
import { type Budget, fitsBudget, splitText } from './split-text.ts'
import { tableHeader, tableRow } from './table-text.ts'

function* textPieces(text: string, budget: Budget): Steps<readonly string[]> {
  const ranges = yield* splitText(text, budget, { lines: true })
  return ranges.map(({ start, end }) => text.slice(start, end))
}

/** The texts of the pieces. A row that is over the budget by itself is cut as text, without the header. */
export function* splitTable(cells: readonly (readonly string[])[], budget: Budget): Steps<readonly string[]> {
  const [first = [], ...others] = cells
  const header = tableHeader(first)
  const rows = others.map(tableRow)
  const headerTokens = header.length > budget.tokens * 4 ? Infinity : budget.measure(header)
  if (headerTokens > budget.tokens / 2) return yield* textPieces([header, ...rows].join('\n'), budget)
  const render = (group: readonly string[]): string => [header, ...group].join('\n')
  const pieces: string[] = []
  let waiting: string[] = []
  /** Rows that wait, under the header; the header alone when no piece has it yet. */
  const flush = function* (): Steps<void> {
    if (waiting.length === 0 && pieces.length === 0) pieces.push(header)
    const groups = yield* pack(waiting, {
      size: (row) => budget.measure(`\n${row}`) - budget.measure(''),
      budget: budget.tokens - headerTokens,
      fits: (group) => fitsBudget(render(group), budget),
    })
    for (const group of groups) pieces.push(render(group))
    waiting = []
  }
  for (const row of rows) {
    yield
    if (fitsBudget(render([row]), budget)) waiting.push(row)
    else {
      yield* flush()
      for (const piece of yield* textPieces(row, budget)) pieces.push(piece)
    }
  }
  yield* flush()
  return pieces
}
