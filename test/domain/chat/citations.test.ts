// A citation points at a retrieved passage, quotes it letter by letter, and names the page where the quote lies.
import { expect } from 'chai'
import * as fc from 'fast-check'
import { type CitablePassage, extractCitations } from '../../../domain/chat/citations.ts'

const bridge =
  'The Severn Bridge spans the river. It opened to traffic on 8 September 1966. Its toll was abolished in 2018.'
const whole = (text: string, page: number) => [{ start: 0, end: text.length, page }]
const passage = (
  marker: number,
  text: string,
  spans: CitablePassage['spans'] = whole(text, marker),
): CitablePassage => ({
  marker,
  chunkId: `chunk-${marker}`,
  documentId: `document-${marker}`,
  documentTitle: `Document ${marker}`,
  page: spans[0]?.page ?? null,
  headingPath: [],
  text,
  spans,
})
const passages = [
  passage(1, bridge),
  passage(2, 'Trains run hourly. The last one leaves at 23:40.'),
  passage(3, 'Nothing else.'),
]
const markersOf = (content: string): number[] => extractCitations(content, passages).map(({ marker }) => marker)
const quoteOf = (content: string): string | undefined => extractCitations(content, passages)[0]?.quote

describe('extractCitations', () => {
  it('gives each marker once, in order of first use', () => {
    expect(markersOf('The last train leaves late [2]. It opened in 1966 [1], tolls ended [1][2].')).to.deep.equal([
      2, 1,
    ])
  })

  it('reads lists and neighbours of markers', () => {
    expect(markersOf('All of it [1, 2][3].')).to.deep.equal([1, 2, 3])
  })

  it('takes no marker that points at no passage', () => {
    expect(markersOf('Made up [4], [0] and [99]; footnote [^1]; [one]; [1.5].')).to.deep.equal([])
  })

  it('takes no index in code for a marker', () => {
    expect(markersOf('Use `items[1]` or\n```\nitems[2]\n```\nas said [3].')).to.deep.equal([3])
  })

  it('quotes the sentence that the claim rests on', () => {
    expect(quoteOf('The bridge was opened in September 1966 [1].')).to.equal(
      'It opened to traffic on 8 September 1966.',
    )
    expect(quoteOf('There has been no toll since 2018 [1].')).to.equal('Its toll was abolished in 2018.')
  })

  it('assigns a marker behind the full stop to the sentence before it', () => {
    expect(quoteOf('It opened in September 1966. [1] The toll was abolished later.')).to.match(/8 September 1966/)
    expect(quoteOf('It opened in September 1966.[1] The toll was abolished later.')).to.match(/8 September 1966/)
  })

  it('assigns a marker in front of a paragraph to that paragraph', () => {
    expect(quoteOf('A bridge spans the river.\n[1] The toll was abolished.')).to.equal(
      'Its toll was abolished in 2018.',
    )
  })

  it('widens a quotation to the sentence that holds it', () => {
    expect(quoteOf('The text says “opened to traffic on 8 September” [1].')).to.equal(
      'It opened to traffic on 8 September 1966.',
    )
  })

  it('trusts a quotation more than the words around it', () => {
    expect(quoteOf('The toll was abolished, as “opened to traffic on” shows [1].')).to.equal(
      'It opened to traffic on 8 September 1966.',
    )
  })

  it('quotes for the first use of a marker', () => {
    expect(quoteOf('It opened on 8 September 1966 [1]. The toll was abolished in 2018 [1].')).to.match(/^It opened/)
  })

  it('quotes sentences in a row when the claim joins them', () => {
    expect(quoteOf('It opened to traffic on 8 September 1966 and its toll was abolished in 2018 [1].')).to.equal(
      'It opened to traffic on 8 September 1966. Its toll was abolished in 2018.',
    )
  })

  it('gives the page on which the quote lies', () => {
    const second = bridge.indexOf('Its toll')
    const spans = [
      { start: 0, end: second, page: 4 },
      { start: second, end: bridge.length, page: 5 },
    ]
    const pageOf = (content: string) => extractCitations(content, [passage(1, bridge, spans)])[0]?.page
    expect(pageOf('It opened on 8 September 1966 [1].')).to.equal(4)
    expect(pageOf('The toll was abolished [1].')).to.equal(5)
  })

  it('gives no page for a document without pages', () => {
    const [citation] = extractCitations('Yes [1].', [passage(1, bridge, [{ start: 0, end: bridge.length }])])
    expect(citation?.page).to.equal(null)
  })

  it('takes quotation marks around markers alone for no quotation', () => {
    const [citation] = extractCitations('“[1, 2][1, 2]“', [passage(1, bridge), passage(2, bridge)])
    expect(citation?.quote).to.not.equal('')
  })

  it('quotes the passage’s own text, letter by letter, whatever the answer says', () => {
    const words = fc.array(
      fc.constantFrom('bridge', 'opened', '1966. ', 'toll', '\n', '“x y”', '。', '😀', '  ', 'É', '|'),
      {
        minLength: 1,
        maxLength: 60,
      },
    )
    const text = words.map((parts) => parts.join(' ')).filter((joined) => joined.trim() !== '')
    const pieces = fc.array(
      fc.oneof(text, fc.constantFrom('[1]', '[2]', '[1, 2]', '[7]', '[', '`', '```', '\n\n', '“')),
    )
    fc.assert(
      fc.property(text, text, pieces, (first, second, answer) => {
        const given = [passage(1, first), passage(2, second)]
        const citations = extractCitations(answer.join(''), given)
        const markers = citations.map(({ marker }) => marker)
        expect(new Set(markers).size).to.equal(markers.length)
        for (const { marker, quote, page } of citations) {
          expect(given[marker - 1]?.text).to.include(quote)
          expect(quote.trim()).to.not.equal('')
          expect(page).to.equal(marker)
        }
      }),
      { numRuns: 300 },
    )
  })
})
