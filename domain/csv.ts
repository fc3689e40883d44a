// CSV that is safe to open: no cell is taken for a formula, no control character reaches a terminal or breaks a line in
// two, whatever somebody managed to have written down. Such cells are changed, and can be told by it.

// Excel, LibreOffice and Google Sheets take these for the start of a formula; a cell may begin at another separator than
// ours where a program is set to one.
const formulaStart = /(^|[;,|"])(\s*)(?=[=+\-@\uff0b\uff0d\uff1d\uff20])/g
// Control characters, line separators, and what reverses the order of letters.
const invisible = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

const escapeCharacter = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

export type CsvCell = string | number | boolean | null | undefined

function formatCell(cell: CsvCell): string {
  if (cell === null || cell === undefined) return ''
  const text = String(cell)
  const safe = typeof cell === 'string' ? text.replace(invisible, escapeCharacter).replace(formulaStart, "$1$2'") : text
  return `"${safe.replaceAll('"', '""')}"`
}

/** One row of RFC 4180 with its line end; a missing value is an empty cell. */
export const csvRow = (cells: readonly CsvCell[]): string => `${cells.map(formatCell).join(',')}\r\n`
