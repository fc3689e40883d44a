// Long computations leave turns of the event loop to others: counted on the chunking of a large document.
import { expect } from 'chai'
import { chunkElements } from '../../domain/documents/chunk.ts'
import type { DocumentElement } from '../../domain/documents/element.ts'
import { tableText } from '../../domain/documents/table-text.ts'
import { type Steps, inOneGo } from '../../domain/steps.ts'
import { inSlices } from '../../platform/in-slices.ts'
import { countTokens } from '../../platform/llm/tokens.ts'
import { rejection } from '../support/rejection.ts'

const sentence = (index: number): string => `The keeper wrote down light number ${index} that passed the shoal. `
const text = Array.from({ length: 20_000 }, (_, index) => sentence(index)).join('')
const table = Array.from({ length: 4_000 }, (_, row) => [`${row}`, sentence(row), sentence(row + 1)])

/** Each of them is one element only, so that it isn't enough to pause between elements. */
const documents: Readonly<Record<string, DocumentElement>> = {
  'one long paragraph': { kind: 'paragraph', text, headingPath: [] },
  'one long table': { kind: 'table', text: tableText(table), cells: table, headingPath: [] },
  'one long list': { kind: 'list', text: text.replaceAll('. ', '.\n'), headingPath: [] },
}

/** How often the event loop came round while the work was going on. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let turns = 0
  let going = true
  const count = (): void => {
    turns += 1
    if (going) setImmediate(count)
  }
  setImmediate(count)
  await work()
  going = false
  return turns
}

describe('work in slices', function () {
  this.timeout(60_000)

  for (const [what, element] of Object.entries(documents)) {
    it(`lets others go on while ${what} is cut into chunks, with the same result as in one go`, async () => {
      const whole = inOneGo(chunkElements([element], { countTokens }))
      let sliced: unknown
      const turns = await turnsDuring(async () => {
        sliced = await inSlices(chunkElements([element], { countTokens }))
      })
      expect(sliced).to.deep.equal(whole)
      expect(whole.length).to.be.greaterThan(100)
      expect(turns).to.be.greaterThan(3)
    })
  }

  it('stops at a cancel', async () => {
    const stop = new AbortController()
    const endless = function* (): Steps<void> {
      for (let step = 0; ; step += 1) {
        if (step === 1_000) stop.abort(new Error('enough'))
        yield
      }
    }
    expect((await rejection(inSlices(endless(), stop.signal))).message).to.equal('enough')
  })
})
