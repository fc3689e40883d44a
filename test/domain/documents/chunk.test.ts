// Nothing is lost, doubled or over the budget, whatever a document holds; and boundaries are the best there are.
import { expect } from 'chai'
import fc from 'fast-check'
import type { Chunk } from '../../../domain/documents/chunk-types.ts'
import { chunkElements, contextualText } from '../../../domain/documents/chunk.ts'
import type { DocumentElement } from '../../../domain/documents/element.ts'
import { inOneGo } from '../../../domain/steps.ts'
import { tableText } from '../../../domain/documents/table-text.ts'

/** Four characters a token, and a token for each line break: cheap, and not additive, like real tokenizers. */
const countTokens = (text: string): number => Math.ceil(text.length / 4) + (text.match(/\n/g)?.length ?? 0)

const paragraph = (text: string, more: Partial<DocumentElement> = {}): DocumentElement => ({
  kind: 'paragraph',
  text,
  headingPath: [],
  ...more,
})
const heading = (text: string, level = 1, headingPath: readonly string[] = []): DocumentElement => ({
  kind: 'heading',
  text,
  level,
  headingPath,
})
const table = (cells: readonly (readonly string[])[], more: Partial<DocumentElement> = {}): DocumentElement => ({
  kind: 'table',
  text: tableText(cells),
  cells,
  headingPath: [],
  ...more,
})

const chunk = (elements: readonly DocumentElement[], maxTokens = 64): Chunk[] =>
  inOneGo(chunkElements(elements, { countTokens, maxTokens }))
const dense = (text: string): string => text.replaceAll(/\s+/g, '')
const sentence = (index: number): string => `Sentence number ${index} says something.`

describe('chunking', () => {
  it('merges what follows one another in one section, up to the budget', () => {
    const elements = Array.from({ length: 12 }, (_, index) => paragraph(sentence(index)))
    const chunks = chunk(elements)
    expect(chunks.length).to.be.within(2, 3)
    expect(chunks[0]?.text).to.match(/^Sentence number 0 says something\.\n\nSentence number 1 /)
    expect(chunks.map((each) => each.ordinal)).to.deep.equal(chunks.map((_, index) => index))
  })

  it('never merges across a heading, and keeps the headings above apart from the text', () => {
    const chunks = chunk([
      heading('Leave'),
      paragraph('You have 28 days.', { headingPath: ['Leave'] }),
      heading('Sickness', 2, ['Leave']),
      paragraph('Call before nine.', { headingPath: ['Leave', 'Sickness'] }),
      heading('Travel'),
      paragraph('Book early.', { headingPath: ['Travel'] }),
    ])
    expect(chunks.map(({ headingPath, text }) => [headingPath, text])).to.deep.equal([
      [['Leave'], 'You have 28 days.'],
      [['Leave', 'Sickness'], 'Call before nine.'],
      [['Travel'], 'Book early.'],
    ])
    expect(contextualText(chunks[1] as Chunk)).to.equal('Leave > Sickness\n\nCall before nine.')
    expect(chunks[1]?.tokenCount).to.equal(countTokens('Leave > Sickness\n\nCall before nine.'))
  })

  it('doesn’t merge two sections of the same name', () => {
    const notes = paragraph('A note.', { headingPath: ['Notes'] })
    expect(chunk([heading('Notes'), notes, heading('Notes'), notes])).to.have.length(2)
  })

  it('keeps a heading without text below it as text', () => {
    const chunks = chunk([heading('To be written'), heading('Done'), paragraph('Text.', { headingPath: ['Done'] })])
    expect(chunks.map(({ text }) => text)).to.deep.equal(['To be written', 'Text.'])
  })

  it('keeps a table whole when it fits, and repeats its header when it doesn’t', () => {
    const cells = [
      ['District', 'Lodging'],
      ...Array.from({ length: 30 }, (_, row) => [`District ${row}`, `${row * 7}`]),
    ]
    const [whole, ...none] = chunk([table(cells)], 1_000)
    expect(none).to.deep.equal([])
    expect(whole?.text).to.equal(tableText(cells))

    const pieces = chunk([table(cells, { page: 4 })])
    expect(pieces.length).to.be.greaterThan(2)
    for (const { text, spans } of pieces) {
      expect(text).to.match(/^\| District \| Lodging \|\n\| --- \| --- \|\n\| District \d+ \|/)
      expect(spans).to.deep.equal([{ start: 0, end: text.length, page: 4 }])
    }
    const rows = pieces.flatMap(({ text }) => text.split('\n').slice(2))
    expect(rows).to.deep.equal(cells.slice(1).map((row) => `| ${row.join(' | ')} |`))
  })

  it('cuts a row that is over the budget by itself, and loses none of it', () => {
    const long = Array.from({ length: 40 }, (_, index) => sentence(index)).join(' ')
    const text = chunk([
      table([
        ['Name', 'Text'],
        ['short', 'row'],
        ['long', long],
        ['last', 'row'],
      ]),
    ])
      .map((each) => each.text)
      .join('')
    expect(dense(text)).to.include(dense(long))
  })

  it('prefers paragraphs to sentences, sentences to words, and words to characters', () => {
    const first = Array.from({ length: 4 }, (_, index) => sentence(index)).join(' ')
    const second = Array.from({ length: 5 }, (_, index) => sentence(index + 4)).join(' ')
    expect(chunk([paragraph(`${first}\n\n${second}`)]).map(({ text }) => text)).to.deep.equal([first, second])

    const sentences = chunk([paragraph(`${first} ${second}`)])
    for (const { text } of sentences) expect(text).to.match(/^Sentence .*\.$/s)

    const words = chunk([paragraph(Array.from({ length: 200 }, (_, index) => `word${index}`).join(' '))])
    for (const { text } of words) expect(text).to.match(/^word\d+(?: word\d+)*$/)

    const [start, ...rest] = chunk([paragraph('x'.repeat(100_000))])
    expect(start?.text).to.match(/^x+$/)
    expect([start, ...rest].map((each) => each?.text.length ?? 0).reduce((sum, length) => sum + length)).to.equal(
      100_000,
    )
  })

  it('keeps the items of a list together, with their indentation', () => {
    const lines = Array.from(
      { length: 30 },
      (_, index) => `${index % 2 === 0 ? '' : '  '}- item number ${index}. And more.`,
    )
    const chunks = chunk([{ kind: 'list', text: lines.join('\n'), headingPath: [] }])
    expect(chunks.flatMap(({ text }) => text.split('\n'))).to.deep.equal(lines)
  })

  it('never cuts a character in two', () => {
    const text = '👩‍🚀'.repeat(400)
    for (const part of chunk([paragraph(text)])) expect(part.text).to.match(/^(?:👩‍🚀)+$/u)
  })

  it('says on which page and where on it each part of the text stands', () => {
    const [made] = chunk([
      paragraph('On the first page.', { page: 1, bbox: [10, 20, 200, 40] }),
      paragraph('On the second.', { page: 2 }),
    ])
    expect(made?.spans).to.deep.equal([
      { start: 0, end: 18, page: 1, bbox: [10, 20, 200, 40] },
      { start: 20, end: 34, page: 2 },
    ])
    expect(made?.text.slice(20, 34)).to.equal('On the second.')
  })

  it('shortens a heading path that would leave no room, from the outside', () => {
    const path = ['An outermost heading of some length', 'A middle heading of some length', 'Inner']
    const elements = [
      heading(path[0] ?? ''),
      heading(path[1] ?? '', 2, path.slice(0, 1)),
      heading(path[2] ?? '', 3, path.slice(0, 2)),
      paragraph('Text.', { headingPath: path }),
    ]
    const chunks = chunk(elements, 32)
    expect(chunks.at(-1)).to.deep.include({ headingPath: path.slice(1), text: 'Text.' })
    expect(chunks.map(({ text }) => text)).to.include(path[0])
  })

  it('has nothing to say about nothing', () => {
    expect(chunk([])).to.deep.equal([])
    expect(chunk([paragraph(' \n '), { kind: 'image', text: '', headingPath: [] }])).to.deep.equal([])
  })

  it('refuses a budget that a single character may exceed', () => {
    expect(() => chunk([paragraph('Text.')], 31)).to.throw(RangeError)
  })
})

describe('chunking whatever a document holds', () => {
  const text = fc.oneof(
    { weight: 3, arbitrary: fc.lorem({ maxCount: 60, mode: 'sentences' }) },
    fc.string({ unit: 'grapheme', maxLength: 300 }),
    fc.string({ unit: fc.constantFrom('a', ' ', '\n', '.', '語', '👩‍🚀', '\t'), maxLength: 600 }),
    fc.nat({ max: 3_000 }).map((length) => 'w'.repeat(length)),
  )
  const place = fc.record({ page: fc.nat({ max: 9 }) }, { requiredKeys: [] })
  const block = fc.oneof(
    fc.tuple(fc.constantFrom('paragraph', 'list', 'code' as const), text, place),
    fc.tuple(
      fc.constant('heading' as const),
      fc.oneof(text, fc.lorem({ maxCount: 4 })),
      fc.integer({ min: 1, max: 6 }),
    ),
    fc.tuple(
      fc.constant('table' as const),
      fc.array(fc.array(text, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 8 }),
      place,
    ),
  )
  /** Heading paths as parsers make them. */
  const document = fc.array(block, { maxLength: 12 }).map((blocks): DocumentElement[] => {
    const open: { readonly level: number; readonly text: string }[] = []
    return blocks.map(([kind, content, more], index): DocumentElement => {
      const above = (): string[] => open.map((each) => each.text)
      if (kind === 'table') return { ...table(content), headingPath: above(), ...more }
      if (kind !== 'heading') return { kind, text: content, headingPath: above(), ...more }
      while ((open.at(-1)?.level ?? 0) >= more) open.pop()
      // Numbered, so that a text never begins like the heading above it.
      const made = heading(content.trim() === '' ? content : `§${index} ${content}`, more, above())
      if (content.trim() !== '') open.push({ level: more, text: made.text })
      return made
    })
  })
  const budget = fc.constantFrom(32, 50, 128, 512)

  it('gives chunks within the budget, with text, whose spans cover the text exactly', () => {
    fc.assert(
      fc.property(document, budget, (elements, maxTokens) => {
        for (const each of chunk(elements, maxTokens)) {
          expect(each.tokenCount)
            .to.equal(countTokens(contextualText(each)))
            .and.to.be.at.most(maxTokens)
          expect(each.text.trim()).to.not.equal('')
          let end = 0
          for (const span of each.spans) {
            expect(each.text.slice(end, span.start).trim()).to.equal('')
            expect(span.end).to.be.greaterThan(span.start)
            end = span.end
          }
          expect(end).to.equal(each.text.length)
        }
      }),
    )
  })

  it('holds the text of every element exactly once, and every heading at least in a path', () => {
    fc.assert(
      fc.property(document, budget, (elements, maxTokens) => {
        const chunks = chunk(elements, maxTokens)
        const shown = new Set(chunks.flatMap((each) => each.headingPath))
        let rest = chunks.map((each) => dense(each.text)).join('')
        for (const element of elements) {
          const expected = dense(element.text)
          if (element.kind === 'table') rest = withoutTable(rest, element)
          else if (rest.startsWith(expected)) rest = rest.slice(expected.length)
          else expect(shown, 'a heading that is no text').to.include(element.text)
        }
        expect(rest).to.equal('')
      }),
    )
  })

  /** What follows a table's rows, each of which may have the header in front of it. */
  function withoutTable(rest: string, { text }: DocumentElement): string {
    const [first = '', separator = '', ...rows] = text.split('\n').map(dense)
    const header = first + separator
    let left = rest
    const take = (part: string): void => {
      expect(left.slice(0, part.length)).to.equal(part)
      left = left.slice(part.length)
    }
    take(header)
    for (const row of rows) {
      if (left.startsWith(header) && !row.startsWith(header)) take(header)
      take(row)
    }
    return left
  }
})
