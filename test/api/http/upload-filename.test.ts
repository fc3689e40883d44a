import { expect } from 'chai'
import { assert, property, string } from 'fast-check'
import { maxFilenameLength, toFilename } from '../../../api/http/upload-filename.ts'

describe('toFilename', () => {
  it('keeps the last part of a path', () => {
    const cases = {
      'a.pdf': 'a.pdf',
      '/etc/passwd': 'passwd',
      'C:\\Users\\x\\b.txt': 'b.txt',
      '../../c': 'c',
      'd/': 'file',
    }
    for (const [given, kept] of Object.entries(cases)) expect(toFilename(given), given).to.equal(kept)
  })

  it('has a name for what has none', () => {
    for (const given of ['', '.', '..', ' \t ', '\0', 'a/..']) expect(toFilename(given)).to.equal('file')
  })

  it('drops what can’t be seen and composes what can', () => {
    expect(toFilename('in\u202egnp.exe\r\n\0')).to.equal('ingnp.exe')
    expect(toFilename('re\u0301sume\u0301.pdf')).to.equal('résumé.pdf')
    expect(toFilename('報告書 👍🏽.docx')).to.equal('報告書 👍🏽.docx')
  })

  it('shortens a name without its ending', () => {
    const name = toFilename(`${'👍'.repeat(300)}.pdf`)
    expect(name).to.match(/👍\.pdf$/u)
    expect(name.length).to.be.within(maxFilenameLength - 1, maxFilenameLength)
  })

  it('always gives a name that can be stored and is no path', () => {
    assert(
      property(string({ unit: 'binary', maxLength: 600 }), (given) => {
        const name = toFilename(given)
        expect(name.length).to.be.within(1, maxFilenameLength)
        expect(name).not.to.match(/[/\\\p{Cc}\p{Cs}]/u)
      }),
    )
  })
})
