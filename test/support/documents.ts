// Real files for tests: the handbook, and uploads that are meant to break whoever reads them.
// The same list drives the tests of the parsers and those of the whole platform.
import { randomBytes } from 'node:crypto'
import { deflateSync } from 'node:zlib'
import { makeHandbookDocx } from './handbook-files.ts'
import { makeHandbookPdf } from './handbook-pdf.ts'
import { makeRawPdf } from './raw-pdf.ts'
import { deflatedZeros, zlibZeros } from './zeros.ts'
import { makeZip, type ZipPart } from './zip.ts'

export { handbookFacts } from './handbook.ts'
export { makeHandbookPdf } from './handbook-pdf.ts'

export interface HostileUpload {
  readonly name: string
  readonly filename: string
  readonly bytes: Buffer
  /** The upload is answered with that status and code, or it is taken and its ingestion fails with that code. */
  readonly expected: `rejected ${415 | 422} ${string}` | `failed ${string}`
}

const gigabyte = 1024 ** 3

const wordParts: readonly ZipPart[] = [
  {
    name: '[Content_Types].xml',
    content:
      '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>',
  },
  {
    name: '_rels/.rels',
    content:
      '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>',
  },
]

const wordXml = (body: string, prolog = ''): string =>
  `<?xml version="1.0"?>${prolog}<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>${body}</w:t></w:r></w:p></w:body></w:document>`

const makeWord = (...parts: readonly ZipPart[]): Buffer => makeZip([...wordParts, ...parts])

/** A compound file ([MS-CFB]) with one directory sector that names `stream`. */
function makeCompoundFile(stream: string): Buffer {
  const file = Buffer.alloc(512 * 3)
  Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]).copy(file)
  file.writeUInt16LE(9, 30)
  file.writeUInt32LE(1, 48)
  file.write(stream, 512 * 2, 'utf16le')
  return file
}

const entityBomb = `<!DOCTYPE d [<!ENTITY a "${'lol'.repeat(100)}">${Array.from('bcdefghij')
  .map((name, index) => `<!ENTITY ${name} "${`&${'abcdefghi'[index] ?? ''};`.repeat(50)}">`)
  .join('')}]>`

async function makePdfUploads(): Promise<readonly HostileUpload[]> {
  const handbook = await makeHandbookPdf()
  const emptyPage = deflateSync(Buffer.from('0 0 100 100 re f'))
  const filename = 'report.pdf'
  return [
    {
      name: 'a PDF that ends in its middle',
      filename,
      bytes: handbook.subarray(0, handbook.length / 2),
      expected: 'failed document.broken',
    },
    {
      name: 'a PDF of which only the first line is one',
      filename,
      bytes: Buffer.concat([Buffer.from('%PDF-1.7\n'), randomBytes(50_000)]),
      expected: 'failed document.broken',
    },
    {
      name: 'a PDF with a password',
      filename,
      bytes: await makeHandbookPdf({ userPassword: 'shoal' }),
      expected: 'failed document.encrypted',
    },
    {
      name: 'a PDF without text',
      filename,
      bytes: makeRawPdf({ content: emptyPage, filters: '/FlateDecode' }),
      expected: 'failed document.no_text',
    },
    {
      name: 'a PDF whose page unpacks to 1 GB',
      filename,
      bytes: makeRawPdf({ content: zlibZeros(gigabyte), filters: '/FlateDecode' }),
      expected: 'failed document.limit_exceeded',
    },
    {
      name: 'a PDF of 5 KB whose page unpacks twice, to 1 GB',
      filename,
      bytes: makeRawPdf({ content: deflateSync(zlibZeros(gigabyte)), filters: '/FlateDecode/FlateDecode' }),
      expected: 'failed document.limit_exceeded',
    },
    {
      name: 'a PDF of 2,001 pages',
      filename,
      bytes: makeRawPdf({ content: Buffer.from('BT /F1 12 Tf 72 700 Td (A page.) Tj ET'), pages: 2_001 }),
      expected: 'failed document.limit_exceeded',
    },
  ]
}

async function makeWordUploads(): Promise<readonly HostileUpload[]> {
  const handbook = await makeHandbookDocx()
  const filename = 'report.docx'
  const document = (content: string): ZipPart => ({ name: 'word/document.xml', content })
  return [
    {
      name: 'a Word file that ends in its middle',
      filename,
      bytes: handbook.subarray(0, handbook.length / 2),
      expected: 'rejected 422 document.broken',
    },
    {
      name: 'a Word file without a document',
      filename,
      bytes: makeWord({ name: 'word/styles.xml', content: '<w:styles/>' }),
      expected: 'failed document.broken',
    },
    {
      name: 'a Word file that unpacks to 1 GB, and says that it is 1,000 bytes',
      filename,
      bytes: makeWord({ name: 'word/document.xml', deflated: deflatedZeros(gigabyte), declaredBytes: 1_000 }),
      expected: 'failed document.limit_exceeded',
    },
    {
      name: 'a Word file of 6,000 parts',
      filename,
      bytes: makeWord(
        document(wordXml('Text.')),
        ...Array.from({ length: 6_000 }, (_, index) => ({ name: `word/media/${index}.bin`, content: '' })),
      ),
      expected: 'failed document.limit_exceeded',
    },
    {
      name: 'a Word file with an encrypted part',
      filename,
      bytes: makeWord({ ...document(wordXml('Text.')), encrypted: true }),
      expected: 'failed document.encrypted',
    },
    {
      name: 'a Word file whose entities multiply',
      filename,
      bytes: makeWord(document(wordXml('&j;', entityBomb))),
      expected: 'failed document.broken',
    },
    {
      name: 'a Word file with a password',
      filename,
      bytes: makeCompoundFile('EncryptedPackage'),
      expected: 'rejected 422 document.encrypted',
    },
    {
      name: 'a Word file of the old kind',
      filename: 'report.doc',
      bytes: makeCompoundFile('WordDocument'),
      expected: 'rejected 415 document.unsupported',
    },
  ]
}

function makeTextUploads(): readonly HostileUpload[] {
  const text = (
    name: string,
    filename: string,
    content: string,
    expected: HostileUpload['expected'],
  ): HostileUpload => ({
    name,
    filename,
    bytes: Buffer.from(content),
    expected,
  })
  return [
    text('no bytes at all', 'empty.txt', '', 'rejected 422 document.empty'),
    text('white space alone', 'blank.txt', ' \n\t\n ', 'failed document.no_text'),
    text('a page of scripts', 'app.html', '<!doctype html><script>text()</script>', 'failed document.no_text'),
    text(
      '100,000 nested elements',
      'deep.html',
      `<html>${'<div>'.repeat(100_000)}text`,
      'failed document.limit_exceeded',
    ),
    text('a page of 6 MB', 'large.html', `<html>${'<p>text</p>'.repeat(600_000)}`, 'failed document.limit_exceeded'),
    text('50,000 nested quotations', 'deep.md', `${'>'.repeat(50_000)} text`, 'failed document.limit_exceeded'),
    text('21 MB of text', 'large.txt', 'All work and no play. '.repeat(1_000_000), 'failed document.limit_exceeded'),
    text('a quotation mark left open', 'open.csv', 'a,b\n1,"2\n3,4\n', 'failed document.broken'),
    text(
      'a vector graphic',
      'drawing.svg',
      '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
      'rejected 415 document.unsupported',
    ),
    text('rich text', 'letter.txt', '{\\rtf1\\ansi Hello.\\par}', 'rejected 415 document.unsupported'),
  ]
}

/** Files that aren't what their names say. */
function makeMislabelledUploads(): readonly HostileUpload[] {
  const expected = 'rejected 415 document.unsupported'
  const png = Buffer.concat([Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), randomBytes(2_000)])
  const executable = Buffer.concat([Buffer.from('MZ'), Buffer.alloc(64), randomBytes(2_000)])
  const archive = makeZip([{ name: 'notes.txt', content: 'Just an archive.' }])
  return [
    { name: 'random bytes', filename: 'notes.txt', bytes: randomBytes(5_000), expected },
    { name: 'a program that is called a PDF', filename: 'invoice.pdf', bytes: executable, expected },
    { name: 'an image that is called a PDF', filename: 'scan.pdf', bytes: png, expected },
    { name: 'an archive that is called a Word file', filename: 'report.docx', bytes: archive, expected },
    { name: 'an archive that is called a text', filename: 'readme.md', bytes: archive, expected },
  ]
}

/** Some 20 MB in all; made anew at every call. */
export const makeHostileUploads = async (): Promise<readonly HostileUpload[]> => [
  ...(await makePdfUploads()),
  ...(await makeWordUploads()),
  ...makeTextUploads(),
  ...makeMislabelledUploads(),
]
