// Every format gives the handbook's content with its structure, each fact on its page; every hostile file ends with its
// code; and no parser is left running, however it ended.
import { execFile } from 'node:child_process'
import { readdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import type { DocumentElement, ParsedDocument } from '../../../domain/documents/element.ts'
import { AppError } from '../../../domain/errors.ts'
import { parseDocument } from '../../../platform/parsing/parse-document.ts'
import { parserNames } from '../../../platform/parsing/parser-version.ts'
import { sniffMediaType } from '../../../platform/parsing/sniff.ts'
import { makeHandbookPdf, makeHostileUploads } from '../../support/documents.ts'
import { eventually } from '../../support/eventually.ts'
import { handbookChapters, handbookFacts } from '../../support/handbook.ts'
import { makeHandbookDocx, makeHandbookHtml, makeHandbookMarkdown } from '../../support/handbook-files.ts'
import { makeRawPdf } from '../../support/raw-pdf.ts'
import { rejection } from '../../support/rejection.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { zlibZeros } from '../../support/zeros.ts'

/** The parsers that this process has started, and that are alive. */
async function runningParsers(): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,stat=,command='])
  return stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(
      ([, parent, state, ...command]) =>
        Number(parent) === process.pid && !state?.startsWith('Z') && command.join(' ').includes('parser-process'),
    )
    .map(([pid = '']) => pid)
}

const leftDirectories = async (): Promise<readonly string[]> =>
  (await readdir(tmpdir())).filter((name) => name.startsWith(`cdsa-parse-${process.pid}-`))

describe('parsing a document', function () {
  this.timeout(60_000)
  const directory = temporaryDirectory()

  const store = async (filename: string, bytes: Buffer | string) => {
    // As the blob store names files: without an extension.
    const path = join(directory(), 'blob')
    await writeFile(path, bytes)
    return { path, mediaType: await sniffMediaType({ path, filename }) }
  }
  const parse = async (filename: string, bytes: Buffer | string): Promise<ParsedDocument> =>
    parseDocument({ ...(await store(filename, bytes)), signal: new AbortController().signal })

  const ofKind = ({ elements }: ParsedDocument, kind: DocumentElement['kind']): readonly DocumentElement[] =>
    elements.filter((element) => element.kind === kind)
  const tables = handbookChapters.flatMap(({ blocks }) =>
    blocks.flatMap((block) => (block.kind === 'table' ? [block.rows] : [])),
  )
  const headings = handbookChapters.flatMap(({ heading, blocks }) => [
    { level: 1, text: heading },
    ...blocks.flatMap((block) => (block.kind === 'heading' ? [{ level: 2, text: block.text }] : [])),
  ])

  const expectHandbook = (parsed: ParsedDocument): void => {
    expect(ofKind(parsed, 'heading').map(({ level, text }) => ({ level, text }))).to.deep.equal(headings)
    expect(ofKind(parsed, 'table').map((element) => element.cells)).to.deep.equal(tables)
    expect(ofKind(parsed, 'list').map((element) => element.text.split('\n').length)).to.deep.equal([4, 4])
    for (const { answer } of handbookFacts) {
      const [element, ...others] = parsed.elements.filter(({ text }) => text.includes(answer))
      expect(others, answer).to.deep.equal([])
      expect(element?.headingPath.length, answer).to.be.within(1, 2)
    }
  }

  it('reads PDF: every fact on its page, with its place', async () => {
    const parsed = await parse('handbook.pdf', await makeHandbookPdf())
    expectHandbook(parsed)
    expect(parsed).to.include({ parser: parserNames.pdf, pageCount: handbookChapters.length })
    for (const { page, answer } of handbookFacts) {
      const element = parsed.elements.find(({ text }) => text.includes(answer))
      expect(element?.page, answer).to.equal(page)
      expect(element?.headingPath[0]).to.equal(handbookChapters[page - 1]?.heading)
      const [left, top, right, bottom] = element?.bbox ?? [0, 0, 0, 0]
      expect(left).to.be.within(60, 80)
      expect(right).to.be.within(left + 100, 595)
      expect(bottom).to.be.within(top + 10, 842)
    }
    expect(
      parsed.elements.filter(({ text }) => /^\d$/.test(text)),
      'page numbers',
    ).to.deep.equal([])
  })

  it('reads Word', async () => {
    expectHandbook(await parse('handbook.docx', await makeHandbookDocx()))
  })

  it('reads HTML, without scripts, styles and navigation', async () => {
    const parsed = await parse('handbook.html', makeHandbookHtml())
    expectHandbook(parsed)
    expect(parsed.title).to.equal('Staff Handbook')
    expect(JSON.stringify(parsed.elements)).to.not.match(/track|navy|Home/)
  })

  it('reads Markdown', async () => {
    expectHandbook(await parse('handbook.md', makeHandbookMarkdown()))
  })

  it('reads CSV in tables of a hundred rows, each with the header', async () => {
    const rows = Array.from({ length: 250 }, (_, row) => `${row};"Pier ${row}; north";${row / 2}`)
    const parsed = await parse('piers.csv', `\uFEFFNo;Name;Depth\n${rows.join('\r\n')}\n`)
    const cells = parsed.elements.map((element) => element.cells ?? [])
    expect(cells.map((table) => table.length)).to.deep.equal([101, 101, 51])
    for (const table of cells) expect(table[0]).to.deep.equal(['No', 'Name', 'Depth'])
    expect(cells[1]?.[1]).to.deep.equal(['100', 'Pier 100; north', '50'])
    expect(parsed.elements[0]?.text).to.match(/^\| No \| Name \| Depth \|\n\| --- \| --- \| --- \|\n\| 0 \|/)
  })

  it('reads text by paragraphs, in UTF-16 as well', async () => {
    const text = Buffer.from('\uFEFFFirst\r\nparagraph.\r\n\r\n \r\nSecond: Größe.', 'utf16le')
    const parsed = await parse('notes.txt', text)
    expect(parsed.elements.map((element) => element.text)).to.deep.equal(['First\nparagraph.', 'Second: Größe.'])
  })

  it('reads right-to-left text by the other parser, which knows the order of words', async () => {
    const letters = { A: 'א', B: 'ב', C: 'ג', D: 'ד' }
    // Drawn from left to right, so what is read first stands last.
    const pdf = makeRawPdf({ content: Buffer.from('BT /F1 12 Tf 72 700 Td (DCBA DCB AB) Tj ET'), letters })
    const parsed = await parse('hebrew.pdf', pdf)
    expect(parsed).to.include({ parser: parserNames['pdf-fallback'], pageCount: 1 })
    expect(parsed.elements.map(({ text, page }) => [text, page])).to.deep.equal([['בא בגד אבגד', 1]])
  })

  it('says how far it is', async () => {
    const seen: unknown[] = []
    const text = Array.from(
      { length: 10 },
      (_, line) => `1 0 0 1 72 ${700 - line * 20} Tm (A line of a page with some words) Tj`,
    )
    const pdf = makeRawPdf({ content: Buffer.from(`BT /F1 12 Tf ${text.join(' ')} ET`), pages: 60 })
    const request = { ...(await store('long.pdf', pdf)), signal: new AbortController().signal }
    const parsed = await parseDocument({ ...request, onProgress: (progress) => seen.push(progress) })
    expect(parsed.pageCount).to.equal(60)
    expect(seen).to.deep.equal([25, 50, 60].map((page) => ({ page, totalPages: 60 })))
  })

  it('gives up at once when it is aborted, with the signal’s reason', async () => {
    const abort = new AbortController()
    const bomb = makeRawPdf({ content: zlibZeros(2 ** 30), filters: '/FlateDecode' })
    const parsing = rejection(parseDocument({ ...(await store('bomb.pdf', bomb)), signal: abort.signal }))
    await eventually('a parser runs', async () => (await runningParsers()).length > 0)
    abort.abort(new Error('nobody waits for it'))
    expect((await parsing).message).to.equal('nobody waits for it')
    expect(await runningParsers()).to.deep.equal([])
    expect(await leftDirectories()).to.deep.equal([])
  })

  it('refuses a media type that it doesn’t read', async () => {
    const request = { path: join(directory(), 'none'), mediaType: 'image/png', signal: new AbortController().signal }
    expect(await rejection(parseDocument(request))).to.include({ code: 'document.unsupported' })
  })
})

describe('a hostile upload', function () {
  this.timeout(60_000)
  const directory = temporaryDirectory()

  it('ends with its code, and leaves no parser and no file behind', async function () {
    this.timeout(180_000)
    for (const { name, filename, bytes, expected } of await makeHostileUploads()) {
      const path = join(directory(), 'blob')
      await writeFile(path, bytes)
      let stage = 'rejected'
      const error = await rejection(
        sniffMediaType({ path, filename }).then((mediaType) => {
          stage = 'failed'
          return parseDocument({ path, mediaType, signal: new AbortController().signal })
        }),
      )
      expect(error, `${name}: ${error.stack}`).to.be.instanceOf(AppError)
      const { code, kind, detail } = error as AppError
      const status = kind === 'unsupported' ? 415 : 422
      expect(stage === 'failed' ? `failed ${code}` : `rejected ${status} ${code}`, name).to.equal(expected)
      expect(detail, name).to.match(/[.?]$/)
      expect(await runningParsers(), name).to.deep.equal([])
    }
    expect(await leftDirectories()).to.deep.equal([])
  })
})
