// HTML becomes elements as a reader would see them, however it is nested.
import { expect } from 'chai'
import fc from 'fast-check'
import { AppError } from '../../../domain/errors.ts'
import { createElementCollector } from '../../../platform/parsing/element-collector.ts'
import { addHtml, checkHtmlDepth } from '../../../platform/parsing/html-elements.ts'

const elementsOf = (html: string) => {
  const collector = createElementCollector()
  addHtml(collector, html)
  return collector.elements
}
const pairs = (html: string) => elementsOf(html).map(({ kind, text }) => [kind, text])

describe('HTML', () => {
  it('gives headings with levels, and the path of what is below them', () => {
    const elements = elementsOf('<h1>A</h1><p>1</p><h3>B <em>b</em></h3><p>2</p><h2>C</h2><p>3</p>')
    expect(elements.map(({ text, level, headingPath }) => ({ text, level, headingPath }))).to.deep.equal([
      { text: 'A', level: 1, headingPath: [] },
      { text: '1', level: undefined, headingPath: ['A'] },
      { text: 'B b', level: 3, headingPath: ['A'] },
      { text: '2', level: undefined, headingPath: ['A', 'B b'] },
      { text: 'C', level: 2, headingPath: ['A'] },
      { text: '3', level: undefined, headingPath: ['A', 'C'] },
    ])
  })

  it('joins inline content, and sets blocks apart', () => {
    expect(
      pairs('loose <b>text</b> <a href="/x">link</a><div>one<div>two</div>three<br>four</div>&amp; &lt;five&gt;'),
    ).to.deep.equal([
      ['paragraph', 'loose text link'],
      ['paragraph', 'one'],
      ['paragraph', 'two'],
      ['paragraph', 'three\nfour'],
      ['paragraph', '& <five>'],
    ])
  })

  it('takes blocks out of inline elements', () => {
    expect(pairs('<span>a<p>b</p>c</span>')).to.deep.equal([
      ['paragraph', 'a'],
      ['paragraph', 'b'],
      ['paragraph', 'c'],
    ])
  })

  it('drops code, navigation, controls and what is hidden', () => {
    const noise =
      '<script>x</script><style>y</style><nav>z</nav><noscript>n</noscript><template>t</template><button>b</button>' +
      '<p hidden>h</p><p aria-hidden="true">a</p><div role="navigation">r</div><svg><text>s</text></svg><!-- c -->'
    expect(
      pairs(`<head><title>T</title></head><body>${noise}<p>kept <img alt="and an image"></p></body>`),
    ).to.deep.equal([['paragraph', 'kept and an image']])
  })

  it('keeps the white space of preformatted text', () => {
    expect(pairs('<pre><code>if (a) {\n  b()\n}\n</code></pre>')).to.deep.equal([['code', 'if (a) {\n  b()\n}']])
  })

  it('writes lists with marks, numbers and depth', () => {
    expect(pairs('<ul><li>a<ol start="3"><li>b<li>c</ol><li>d</ul><dl><dt>t<dd>u<dt>v</dl>')).to.deep.equal([
      ['list', '- a\n  3. b\n  4. c\n- d'],
      ['list', 't: u\nv'],
    ])
  })

  it('enters lists and tables that only frame other content', () => {
    expect(
      pairs('<ul><li><h2>H</h2><p>p</p></li></ul><table><tr><td><table><tr><td>a<td>b</table></td></tr></table>'),
    ).to.deep.equal([
      ['heading', 'H'],
      ['paragraph', 'p'],
      ['table', '| a | b |\n| --- | --- |'],
    ])
    expect(pairs('<table role="presentation"><tr><td>a<td>b</table>')).to.deep.equal([
      ['paragraph', 'a'],
      ['paragraph', 'b'],
    ])
  })

  it('spreads spans: a cell over rows is repeated, the further columns of a wide one stay empty', () => {
    const [caption, table] = elementsOf(
      '<table><caption>Fares</caption><thead><tr><th>A<th>B<th>C</thead>' +
        '<tr><td rowspan=2>x<td colspan=2>y<tr><td>1 | 2<td>3</table>',
    )
    expect(caption?.text).to.equal('Fares')
    expect(table?.cells).to.deep.equal([
      ['A', 'B', 'C'],
      ['x', 'y', ''],
      ['x', '1 | 2', '3'],
    ])
    expect(table?.text).to.include('| x | 1 \\| 2 | 3 |')
  })

  it('isn’t exhausted by spans', () => {
    const wide = `<table>${'<tr><td colspan=1000000 rowspan=1000000>x</td><td>y</td></tr>'.repeat(100)}</table>`
    expect(() => elementsOf(wide))
      .to.throw(AppError)
      .with.property('code', 'document.limit_exceeded')
  })

  it('may be nested to its limit and no further; what closes by itself doesn’t count', () => {
    expect(() => checkHtmlDepth('<b>'.repeat(500))).to.not.throw()
    expect(() => checkHtmlDepth('<b>'.repeat(501)))
      .to.throw(AppError)
      .with.property('code', 'document.limit_exceeded')
    expect(() => checkHtmlDepth('<p>text<br><img>'.repeat(5_000) + '<li>x'.repeat(5_000))).to.not.throw()
  })

  it('never fails, nor loses a word of a paragraph, whatever the markup', () => {
    const tag = fc.constantFrom(
      'p',
      'div',
      'table',
      'tr',
      'td',
      'ul',
      'li',
      'h2',
      'pre',
      'b',
      'dl',
      'dd',
      'a',
      'section',
    )
    const markup = fc.array(fc.tuple(tag, fc.constantFrom('<', '</')), { maxLength: 30 })
    fc.assert(
      fc.property(markup, (tags) => {
        const html = tags.map(([name, start], index) => `${start}${name}>w${index}w`).join('')
        const text = elementsOf(`<body>${html}`)
          .map((element) => element.text)
          .join(' ')
        // What stands in a table outside its cells has no place in it: the tree keeps it there.
        if (tags.every(([name]) => !['table', 'tr', 'ul', 'dl'].includes(name)))
          for (const index of tags.keys()) expect(text).to.include(`w${index}w`)
      }),
    )
  })
})
