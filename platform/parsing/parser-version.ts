// Which parsers there are, by the library and the version that does the work.
// Everything derived from a document is kept under `parserVersion`, so a change of what comes out must raise it.

/** Raise it whenever the elements of any format come out otherwise: a change here or in a library. */
export const parserVersion = 'elements-1'

export const parserNames = {
  pdf: 'liteparse@2.14.7',
  'pdf-fallback': 'unpdf@1.7.0',
  docx: 'mammoth@1.13.0',
  html: 'htmlparser2@10.1.0',
  markdown: 'marked@18.2.1',
  csv: 'csv-parse@7.0.3',
  text: 'text@1',
} as const

export type ParserKind = keyof typeof parserNames
