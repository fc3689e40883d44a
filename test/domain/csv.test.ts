// CSV cells that somebody else has the words of.
import { expect } from 'chai'
import { csvRow } from '../../domain/csv.ts'

describe('csvRow', () => {
  it('writes a row of RFC 4180, and nothing for what is missing', () => {
    expect(csvRow(['a', 1, true, undefined, null, 'say “x”, "y"'])).to.equal('"a","1","true",,,"say “x”, ""y"""\r\n')
    expect(csvRow([-1, 'a-b', 'a@b.org', 'x = y', 'naïve 日本 \u{1f600}'])).to.equal(
      '"-1","a-b","a@b.org","x = y","naïve 日本 \u{1f600}"\r\n',
    )
  })

  it('[A15] breaks every start of a formula, at whatever separator a cell may begin', () => {
    const cells = ['=1', '+1', '-1', '@A', ' =1', '＝1', '＋1', 'x;=1', 'x,\u00a0-1', 'x|@A', '"=1']
    for (const cell of cells) expect(csvRow([cell]), cell).to.match(/'[=+\-@＝＋]/)
  })

  it('[A15] writes control characters, line ends and reversed text as what they are', () => {
    expect(csvRow(['a\r\nb\tc\u001b[31m\u0000\u007f\u009b\u2028\u202e'])).to.equal(
      String.raw`"a\u000d\u000ab\u0009c\u001b[31m\u0000\u007f\u009b\u2028\u202e"` + '\r\n',
    )
    expect(csvRow(['\t=1'])).to.equal('"\\u0009=1"\r\n')
  })
})
