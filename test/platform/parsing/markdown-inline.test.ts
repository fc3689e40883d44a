// The inline text of Markdown as a reader would see it.
import { expect } from 'chai'
import { lexer } from 'marked'
import { inlineMarkdown, itemText } from '../../../platform/parsing/markdown-inline.ts'

const inline = (markdown: string): string => {
  const [paragraph] = lexer(markdown)
  return inlineMarkdown(paragraph !== undefined && 'tokens' in paragraph ? (paragraph.tokens ?? []) : [])
}

describe('inline Markdown', () => {
  const cases: readonly (readonly [markdown: string, text: string])[] = [
    ['a **bold** and *soft* ~~word~~', 'a bold and soft word'],
    ['[a link](http://example.org) ![an image](a.png)', 'a link an image'],
    ['`code < 1 &amp; 2`', 'code < 1 &amp; 2'],
    ['1 \\* 2 &lt; 3 &#8364; &amp;lt;', '1 * 2 < 3 € &lt;'],
    ['soft\nbreak, hard  \nbreak', 'soft break, hard\nbreak'],
    ['press <kbd>Enter</kbd><br>now', 'press Enter\nnow'],
    ['a <notatag and a < b', 'a <notatag and a < b'],
  ]
  for (const [markdown, text] of cases)
    it(`reads ${JSON.stringify(markdown)}`, () => {
      expect(inline(markdown)).to.equal(text)
    })

  it('gives all that a list item holds but the lists in it', () => {
    const [list] = lexer(
      '- first\n\n  > quoted\n\n  | a | b |\n  |---|---|\n  | 1 | 2 |\n\n  ```\n  code\n  ```\n  - inner\n',
    )
    const item = list?.type === 'list' ? list['items'][0] : undefined
    expect(itemText(item)).to.equal('first quoted a b 1 2 code')
  })
})
