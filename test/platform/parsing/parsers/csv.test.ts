// The delimiter of a CSV file is what its header has most of.
import { expect } from 'chai'
import { findDelimiter } from '../../../../platform/parsing/parsers/csv.ts'

describe('the delimiter of a CSV file', () => {
  const cases: readonly (readonly [text: string, delimiter: string])[] = [
    ['a,b,c\n1;2;3;4', ','],
    ['a;b;c\n1,5;2,5', ';'],
    ['a\tb\n1\t2', '\t'],
    ['a|b|c', '|'],
    ['"x;y;z",b\n', ','],
    ['\n\nalone\n', ','],
    ['"a, b\nc, d";e\n', ';'],
    ['', ','],
  ]
  for (const [text, delimiter] of cases)
    it(`is ${JSON.stringify(delimiter)} in ${JSON.stringify(text)}`, () => {
      expect(findDelimiter(text)).to.equal(delimiter)
    })
})
