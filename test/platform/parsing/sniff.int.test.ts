// What a file is, by its bytes: a name only tells kinds of text apart, and never makes a file readable.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { AppError } from '../../../domain/errors.ts'
import { sniffMediaType } from '../../../platform/parsing/sniff.ts'
import { makeHandbookDocx } from '../../support/handbook-files.ts'
import { makeHandbookPdf } from '../../support/handbook-pdf.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

describe('sniffing a media type', () => {
  const directory = temporaryDirectory()

  const sniff = async (filename: string, bytes: Buffer | string): Promise<string> => {
    const path = join(directory(), 'upload')
    await writeFile(path, bytes)
    return sniffMediaType({ path, filename }).catch((error: unknown) => {
      if (error instanceof AppError) return error.code
      throw error
    })
  }
  const utf16 = (text: string, mark: string, swap: boolean): Buffer => {
    const bytes = Buffer.from(mark + text, 'utf16le')
    return swap ? bytes.swap16() : bytes
  }

  it('knows PDF and Word by their bytes, whatever they are called', async () => {
    const pdf = await makeHandbookPdf()
    const word = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'
    for (const filename of ['a.pdf', 'a.txt', 'a', 'a.html']) {
      expect(await sniff(filename, pdf), filename).to.equal('application/pdf')
      expect(await sniff(filename, await makeHandbookDocx()), filename).to.equal(word)
    }
    expect(await sniff('a.pdf', Buffer.concat([Buffer.from('\0junk\n'), pdf]))).to.equal('application/pdf')
  })

  const texts: readonly (readonly [filename: string, content: string, expected: string])[] = [
    ['notes.txt', 'Notes.', 'text/plain'],
    ['NOTES.MD', '# Notes', 'text/markdown'],
    ['notes.markdown', '# Notes', 'text/markdown'],
    ['table.csv', 'a,b\n1,2', 'text/csv'],
    ['table.tsv', 'a\tb\n1\t2', 'text/csv'],
    ['page.htm', '<p>No root element.</p>', 'text/html'],
    ['README', 'No extension at all.', 'text/plain'],
    ['server.log', '\u001b[32mok\u001b[0m', 'text/plain'],
    ['cars.txt', 'BMW and MZ make vehicles.', 'text/plain'],
    ['page.txt', '<!-- a comment --><!DOCTYPE html><html></html>', 'text/html'],
    ['page', '<?xml version="1.0"?><!-- x --><html xmlns="http://www.w3.org/1999/xhtml"/>', 'text/html'],
    ['about-pdf.txt', 'A PDF begins with %PDF-1.7.', 'text/plain'],
    ['umlaut.txt', 'Größe, 語, 👩‍🚀', 'text/plain'],
  ]
  for (const [filename, content, expected] of texts)
    it(`takes ${filename} for ${expected}`, async () => {
      expect(await sniff(filename, content)).to.equal(expected)
    })

  it('reads text of any length to a character that its head cuts in two', async () => {
    for (let shift = 0; shift < 4; shift++)
      expect(await sniff('a.txt', 'x'.repeat(64 * 1024 - shift) + '語'.repeat(10))).to.equal('text/plain')
  })

  it('reads UTF-16 that is marked as such, and pages in the charset that they declare', async () => {
    expect(await sniff('a.txt', utf16('Größe', '\uFEFF', false))).to.equal('text/plain')
    expect(await sniff('a.csv', utf16('a;b', '\uFEFF', true))).to.equal('text/csv')
    const page = (charset: string) => Buffer.from(`<html><meta charset="${charset}">Gr\u00f6\u00dfe`, 'latin1')
    expect(await sniff('a.html', page('windows-1252'))).to.equal('text/html')
    expect(await sniff('a.html', page('no-such-charset'))).to.equal('document.unsupported')
  })

  it('refuses what is no text in an encoding that it can be sure of', async () => {
    expect(await sniff('a.txt', Buffer.from('Gr\u00f6\u00dfe', 'latin1'))).to.equal('document.unsupported')
    expect(await sniff('a.txt', utf16('Unmarked.', '', false))).to.equal('document.unsupported')
    expect(await sniff('a.md', 'A text with a \0 in it.')).to.equal('document.unsupported')
  })

  it('says what can be read', async () => {
    const path = join(directory(), 'image')
    await writeFile(path, Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'))
    const error = await sniffMediaType({ path, filename: 'a.txt' }).catch((reason: unknown) => reason)
    expect(error).to.include({ code: 'document.unsupported', kind: 'unsupported' })
    expect((error as AppError).detail).to.match(/PDF.*Word.*HTML.*Markdown.*text.*CSV/)
  })
})
