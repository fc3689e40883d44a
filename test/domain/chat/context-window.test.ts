// What goes to the model when not everything fits: never over the limit, no call without its result, best passages stay.
// Properties over random conversations, with a tokenizer of four characters a token.
import { expect } from 'chai'
import * as fc from 'fast-check'
import { buildContext, type ContextInput } from '../../../domain/chat/context-window.ts'
import type { ModelMessage, Passage } from '../../../domain/chat/model-message.ts'
import { AppError } from '../../../domain/errors.ts'

const countTokens = (text: string): number => Math.ceil(text.length / 4)
const passage = (marker: number, text: string): Passage => ({
  marker,
  documentTitle: `Document ${marker}`,
  page: marker,
  headingPath: [],
  text,
})
const base = {
  system: 'Be brief.',
  history: [],
  user: 'What is it?',
  passages: [],
  contextWindow: 4_000,
  maxOutputTokens: 1_000,
  countTokens,
} satisfies ContextInput<Passage>

/** A finished turn, with or without a tool call in it. */
const turnArbitrary = fc
  .record({ question: fc.string({ maxLength: 400 }), answer: fc.string({ maxLength: 400 }), call: fc.boolean() })
  .map(({ question, answer, call }): ModelMessage[] => [
    { role: 'user', content: question },
    ...(call
      ? ([
          { role: 'assistant', content: '', toolCalls: [{ callId: question, tool: 'look_up', arguments: answer }] },
          { role: 'tool', callId: question, content: answer },
        ] as const)
      : []),
    { role: 'assistant', content: answer },
  ])
const inputArbitrary = fc
  .record({
    turns: fc.array(turnArbitrary, { maxLength: 8 }),
    texts: fc.array(fc.string({ maxLength: 1_200 }), { maxLength: 6 }),
    contextWindow: fc.integer({ min: 200, max: 3_000 }),
  })
  .map(({ turns, texts, contextWindow }) => ({
    ...base,
    contextWindow,
    maxOutputTokens: 100,
    history: turns.flat(),
    passages: texts.map((text, index) => passage(index + 1, text)),
  }))

describe('buildContext', () => {
  it('sends everything in order when it fits', () => {
    const history: ModelMessage[] = [
      { role: 'user', content: 'Hello' },
      { role: 'assistant', content: 'Hello to you' },
    ]
    const built = buildContext({ ...base, history, passages: [passage(1, 'It is a bridge.')] })
    expect(built.messages.map(({ role }) => role)).to.deep.equal(['system', 'user', 'assistant', 'user'])
    expect(built.messages.at(-1)?.content).to.match(/It is a bridge\.[\s\S]+\n\nWhat is it\?$/)
    expect(built).to.include({ limit: 3_000, droppedMessages: 0 })
  })

  it('never exceeds the limit, and reports at least the tokens of what it sends', () => {
    fc.assert(
      fc.property(inputArbitrary, (input) => {
        const built = buildContext(input)
        const content = built.messages.map((message) => countTokens(message.content)).reduce((a, b) => a + b, 0)
        expect(built.tokens).to.be.at.most(built.limit)
        expect(content).to.be.at.most(built.tokens)
      }),
    )
  })

  it('keeps the newest turns whole, so that no tool result is without its call', () => {
    fc.assert(
      fc.property(inputArbitrary, (input) => {
        const { messages, droppedMessages } = buildContext(input)
        const kept = messages.slice(1, -1)
        expect(kept).to.deep.equal(input.history.slice(droppedMessages))
        expect(kept[0]?.role ?? 'user').to.equal('user')
      }),
    )
  })

  it('drops passages from the lowest ranked', () => {
    fc.assert(
      fc.property(inputArbitrary, (input) => {
        const { passagesUsed, messages } = buildContext(input)
        expect(passagesUsed).to.deep.equal(input.passages.slice(0, passagesUsed.length))
        const sent = messages.at(-1)?.content ?? ''
        for (const { marker } of input.passages) {
          expect(sent.includes(`<passage marker="${marker}"`)).to.equal(marker <= passagesUsed.length)
        }
      }),
    )
  })

  it('leaves the history two fifths of the room when passages could take it all', () => {
    const history = Array.from({ length: 40 }, (_, index): ModelMessage[] => [
      { role: 'user', content: `${index} ${'q'.repeat(200)}` },
      { role: 'assistant', content: 'a'.repeat(200) },
    ]).flat()
    const passages = Array.from({ length: 40 }, (_, index) => passage(index + 1, 'p'.repeat(400)))
    const built = buildContext({ ...base, history, passages })
    const historyTokens = built.messages
      .slice(1, -1)
      .map((message) => 4 + countTokens(message.content))
      .reduce((a, b) => a + b, 0)
    expect(historyTokens).to.be.within(0.33 * 3_000, 0.45 * 3_000)
    expect(built.passagesUsed).to.have.length.above(10)
  })

  it('refuses a message that alone doesn’t fit', () => {
    const fail = () => buildContext({ ...base, user: 'x'.repeat(20_000) })
    expect(fail).to.throw(AppError).with.property('code', 'llm.context_exceeded')
    expect(fail).to.throw(/The message doesn’t fit .* 3000 input tokens/)
  })

  it('counts the tools, and says so when they leave no room', () => {
    const tool = { name: 'big', description: 'd'.repeat(14_000), inputSchema: { type: 'object' } }
    const fail = () => buildContext({ ...base, tools: [tool] })
    expect(fail).to.throw(AppError, /system prompt with the tools/)
  })

  it('always keeps this turn’s steps, after the user’s message', () => {
    const steps: ModelMessage[] = [
      { role: 'assistant', content: '', toolCalls: [{ callId: 'c1', tool: 'look_up', arguments: '{}' }] },
      { role: 'tool', callId: 'c1', content: 'found' },
    ]
    const history: ModelMessage[] = [{ role: 'user', content: 'h'.repeat(40_000) }]
    const built = buildContext({ ...base, history, steps })
    expect(built.messages.slice(-3).map(({ role }) => role)).to.deep.equal(['user', 'assistant', 'tool'])
    expect(built.droppedMessages).to.equal(1)
  })
})
