// CSV: tables of a hundred rows, each with the header, so that every piece can be read by itself.
import { parse } from 'csv-parse/sync'
import { documentLimits } from '../../../domain/documents/limits.ts'
import { AppError } from '../../../domain/errors.ts'
import { readTextFile } from '../decode-text.ts'
import { createElementCollector } from '../element-collector.ts'
import { parserNames } from '../parser-version.ts'
import type { Parser } from './parser.ts'

const rowsPerTable = 100

/** The separator that the first line has most of, outside quotes; a comma when it has none. */
export function findDelimiter(text: string): string {
  const [header = ''] = text
    .slice(0, 64 * 1024)
    .replaceAll(/"[^"]*"/g, '')
    .trimStart()
    .split(/\r?\n/, 1)
  const count = (delimiter: string): number => header.split(delimiter).length
  return [',', ';', '\t', '|'].reduce((best, next) => (count(next) > count(best) ? next : best))
}

function readRows(text: string): readonly (readonly string[])[] {
  try {
    return parse(text, {
      delimiter: findDelimiter(text),
      bom: true,
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: true,
    })
  } catch (cause) {
    throw new AppError('document.broken', { detail: 'The file isn’t valid CSV: is a quotation mark left open?', cause })
  }
}

export const parseCsv: Parser = async (path) => {
  const [header, ...rows] = readRows(await readTextFile(path, documentLimits.outputBytes))
  const collector = createElementCollector()
  const tables = Math.max(Math.ceil(rows.length / rowsPerTable), 1)
  for (let table = 0; table < tables; table++)
    collector.table([header ?? [], ...rows.slice(table * rowsPerTable, (table + 1) * rowsPerTable)])
  return { parser: parserNames.csv, elements: collector.elements }
}
