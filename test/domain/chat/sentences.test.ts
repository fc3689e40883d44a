// Sentences are places in the text, so that a quote can be verbatim; line breaks of PDFs don’t cut them.
import { expect } from 'chai'
import * as fc from 'fast-check'
import { splitSentences } from '../../../domain/chat/sentences.ts'

const textsOf = (text: string): string[] => splitSentences(text).map(({ start, end }) => text.slice(start, end))

describe('splitSentences', () => {
  it('splits at sentence ends and paragraphs', () => {
    expect(textsOf('One. Two!\n\nThree? Four')).to.deep.equal(['One.', 'Two!', 'Three?', 'Four'])
  })

  it('sees through a line break inside a sentence, and keeps it in the text', () => {
    const wrapped = 'The bridge over the river was finally opened in\n1932 by the mayor. It rained.'
    expect(textsOf(wrapped)).to.deep.equal([wrapped.slice(0, -11), 'It rained.'])
  })

  it('takes each line of a list or a table for itself', () => {
    const list = '- the first of a list of rather long items, without a stop\n- the second\n| a | b |\n| 1 | 2 |'
    expect(textsOf(list)).to.deep.equal(list.split('\n'))
  })

  it('gives ordered places without white space at their ends, which hold all other characters', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'B. ', '\n', ' ', '12', '! ', '“x”', '界。', '😀')), (parts) => {
        const text = parts.join('')
        const spans = splitSentences(text)
        const between = spans.map((span, index) => text.slice(spans[index - 1]?.end ?? 0, span.start)).join('')
        expect(`${between}${text.slice(spans.at(-1)?.end ?? 0)}`.trim()).to.equal('')
        for (const { start, end } of spans) expect(text.slice(start, end)).to.equal(text.slice(start, end).trim())
      }),
    )
  })
})
