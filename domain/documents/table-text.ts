// Tables as GitHub-flavoured Markdown: the text of a table element and of each piece of a table that was cut.
// One place, because what the parsers write is what the chunker cuts.

const cellText = (cell: string): string => cell.replaceAll(/\s+/g, ' ').trim().replaceAll('|', '\\|')

/** One row: `| a | b |`. Line breaks in cells become spaces, bars are escaped. */
export const tableRow = (cells: readonly string[]): string => `| ${cells.map(cellText).join(' | ')} |`

/** The header and the line that separates it from the rows, without a line break at the end. */
export const tableHeader = (cells: readonly string[]): string =>
  `${tableRow(cells)}\n| ${cells.map(() => '---').join(' | ')} |`

/** A whole table; its first row is the header. */
export const tableText = ([header = [], ...rows]: readonly (readonly string[])[]): string =>
  [tableHeader(header), ...rows.map(tableRow)].join('\n')
