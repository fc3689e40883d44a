// PDFs written by hand (ISO 32000-1, 7.5): pages that share one content stream, given in its encoded form.
// For files that no library would write: bombs, thousands of pages, pages without text.

export interface RawPdf {
  readonly content: Buffer
  /** The names of the filters that decode `content`, such as `/FlateDecode`. */
  readonly filters?: string
  readonly pages?: number
  /** What the letters of the font stand for, such as `{ A: 'א' }`; itself where nothing is said. */
  readonly letters?: Readonly<Record<string, string>>
}

const hex = (text: string): string => Buffer.from(text, 'utf16le').swap16().toString('hex')

/** A ToUnicode CMap (ISO 32000-1, 9.10.3) for single-byte codes. */
function makeCmap(letters: Readonly<Record<string, string>>): string {
  const lines = Object.entries(letters).map(
    ([letter, text]) => `<${Buffer.from(letter).toString('hex')}> <${hex(text)}>`,
  )
  const body = `begincmap\n1 begincodespacerange\n<00> <ff>\nendcodespacerange\n${lines.length} beginbfchar\n${lines.join('\n')}\nendbfchar\nendcmap`
  return `<</Length ${body.length}>>\nstream\n${body}\nendstream`
}

export function makeRawPdf({ content, filters, pages = 1, letters = {} }: RawPdf): Buffer {
  const filter = filters === undefined ? '' : `/Filter [${filters}]`
  const firstPage = 6
  const kids = Array.from({ length: pages }, (_, index) => `${firstPage + index} 0 R`).join(' ')
  const page = '<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 3 0 R/Resources<</Font<</F1 4 0 R>>>>>>'
  const objects: (readonly (string | Buffer)[])[] = [
    ['<</Type/Catalog/Pages 2 0 R>>'],
    [`<</Type/Pages/Count ${pages}/Kids[${kids}]>>`],
    [`<</Length ${content.length}${filter}>>\nstream\n`, content, '\nendstream'],
    [`<</Type/Font/Subtype/Type1/BaseFont/Helvetica${Object.keys(letters).length > 0 ? '/ToUnicode 5 0 R' : ''}>>`],
    [makeCmap(letters)],
    ...Array.from({ length: pages }, () => [page]),
  ]
  const parts: Buffer[] = [Buffer.from('%PDF-1.4\n')]
  const offsets: number[] = []
  let length = parts[0]?.length ?? 0
  for (const [index, body] of objects.entries()) {
    offsets.push(length)
    const bytes = Buffer.concat([`${index + 1} 0 obj\n`, ...body, '\nendobj\n'].map((part) => Buffer.from(part)))
    parts.push(bytes)
    length += bytes.length
  }
  const table = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('')
  const size = objects.length + 1
  return Buffer.concat([
    ...parts,
    Buffer.from(
      `xref\n0 ${size}\n0000000000 65535 f \n${table}trailer<</Size ${size}/Root 1 0 R>>\nstartxref\n${length}\n%%EOF`,
    ),
  ])
}
