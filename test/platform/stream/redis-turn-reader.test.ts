// The reader's own rules, with the moments at which Redis answers chosen by the test.
import { expect } from 'chai'
import { encodeEntry, type EncodedEntry } from '../../../platform/stream/encoded-entry.ts'
import { RedisTurnReader } from '../../../platform/stream/redis-turn-reader.ts'
import type { StreamEntry } from '../../../platform/stream/turn-stream.ts'
import { delta, idsOf, terminal } from './turn-events.ts'

type Answer = (page: readonly EncodedEntry[] | undefined) => void

/** A reader whose pages the test hands out one by one: `asked` resolves with the answer to give. */
function openReader() {
  const questions: Answer[] = []
  let count = 0
  let onQuestion: (() => void) | undefined
  const reader = new RedisTurnReader({
    after: undefined,
    fetchPage: () =>
      new Promise((resolve) => {
        count += 1
        questions.push(resolve)
        onQuestion?.()
      }),
  })
  const asked = async (): Promise<Answer> => {
    while (questions.length === 0) {
      await new Promise<void>((resolve) => {
        onQuestion = resolve
      })
    }
    return questions.shift() as Answer
  }
  const collect = async (): Promise<StreamEntry[]> => {
    const entries: StreamEntry[] = []
    for await (const entry of reader.entries()) entries.push(entry)
    return entries
  }
  return { reader, asked, done: collect(), questionCount: () => count }
}

const encoded = (epoch: number, sequence: number): EncodedEntry => encodeEntry(delta(epoch, sequence))

describe('redis turn reader', () => {
  it('ends while Redis owes an answer', async () => {
    const { reader, asked, done } = openReader()
    await asked()
    reader.end()
    expect(await done).to.deep.equal([])
  })

  it('yields messages that follow one another without asking Redis', async () => {
    const { reader, asked, done, questionCount } = openReader()
    const answer = await asked()
    for (let sequence = 1; sequence <= 300; sequence += 1) reader.push(encoded(1_001, sequence))
    answer([encoded(1_001, 1)])
    reader.push(encodeEntry(terminal))
    ;(await asked())([])
    expect(idsOf(await done)).to.have.length(301)
    expect(questionCount()).to.equal(2)
  })

  it('holds a message back behind a gap until Redis has answered, even when it fails to at first', async () => {
    const { reader, asked, done } = openReader()
    ;(await asked())([encoded(1_001, 1)])
    reader.push(encoded(1_001, 3))
    ;(await asked())(undefined)
    reader.reread()
    ;(await asked())([encoded(1_001, 2), encoded(1_001, 3)])
    reader.push(encodeEntry(terminal))
    ;(await asked())([])
    expect(idsOf(await done)).to.deep.equal(idsOf([delta(1_001, 1), delta(1_001, 2), delta(1_001, 3), terminal]))
  })

  it('asks again when a reread was wanted while Redis failed to answer', async () => {
    const { reader, asked, done } = openReader()
    const answer = await asked()
    reader.reread()
    answer(undefined)
    ;(await asked())([encodeEntry(terminal)])
    expect(idsOf(await done)).to.deep.equal(idsOf([terminal]))
  })

  it('asks again at the next look at the top after Redis failed to answer, whatever the top is', async () => {
    const { reader, asked, done } = openReader()
    ;(await asked())(undefined)
    await new Promise((resolve) => setImmediate(resolve))
    reader.compareTop(undefined)
    ;(await asked())([encodeEntry(terminal)])
    expect(idsOf(await done)).to.deep.equal(idsOf([terminal]))
  })

  it('asks Redis only for a top that is above all it knows', async () => {
    const { reader, asked, done, questionCount } = openReader()
    const answer = await asked()
    answer([encoded(1_001, 1)])
    await new Promise((resolve) => setImmediate(resolve))
    reader.push(encoded(1_001, 2))
    reader.compareTop({ epoch: 1_001, sequence: 2 })
    await new Promise((resolve) => setImmediate(resolve))
    reader.compareTop({ epoch: 1_001, sequence: 2 })
    await new Promise((resolve) => setImmediate(resolve))
    expect(questionCount()).to.equal(1)
    reader.compareTop(terminal.id)
    ;(await asked())([encodeEntry(terminal)])
    expect(idsOf(await done)).to.deep.equal(idsOf([delta(1_001, 1), delta(1_001, 2), terminal]))
  })

  it('takes no message of another epoch for the next one', async () => {
    const { reader, asked, done } = openReader()
    ;(await asked())([encoded(1_001, 1)])
    reader.push(encoded(1_002, 2))
    ;(await asked())([encoded(1_002, 1), encoded(1_002, 2), encodeEntry(terminal)])
    expect(idsOf(await done)).to.deep.equal(idsOf([delta(1_001, 1), delta(1_002, 1), delta(1_002, 2), terminal]))
  })

  it('yields a message that Redis has forgotten meanwhile', async () => {
    const { reader, asked, done } = openReader()
    ;(await asked())([])
    reader.push(encodeEntry(terminal))
    ;(await asked())([])
    expect(idsOf(await done)).to.deep.equal(idsOf([terminal]))
  })

  it('keeps no more messages than a queue’s length, and goes back to Redis for the others', async () => {
    const { reader, asked, done } = openReader()
    const answer = await asked()
    for (let sequence = 1; sequence <= 513; sequence += 1) reader.push(encoded(1_001, sequence))
    answer([])
    ;(await asked())([encoded(1_001, 1)])
    reader.push(encodeEntry(terminal))
    ;(await asked())([encodeEntry(terminal)])
    expect(idsOf(await done)).to.deep.equal(idsOf([delta(1_001, 1), terminal]))
  })
})
