// The built-in model says what it is, quotes letter by letter, calls the tools that it is told to, and repeats itself.
import { expect } from 'chai'
import { type CitablePassage, extractCitations } from '../../../../domain/chat/citations.ts'
import type { ModelMessage, ModelTool } from '../../../../domain/chat/model-message.ts'
import { renderQuestion, renderToolAnswer } from '../../../../domain/chat/prompt.ts'
import type { ModelEvent, ModelRequest } from '../../../../platform/llm/language-model.ts'
import { createOfflineLanguageModel } from '../../../../platform/llm/offline/offline-language-model.ts'
import { countTokens } from '../../../../platform/llm/tokens.ts'
import { gatherEvents, joinText } from '../../../support/model-events.ts'

const model = createOfflineLanguageModel()

const eventsOf = (request: Partial<ModelRequest>): Promise<ModelEvent[]> =>
  gatherEvents(model, { model: 'extractive', messages: [], ...request })
const user = (content: string): ModelMessage => ({ role: 'user', content })
const passage = (marker: number, text: string): CitablePassage => ({
  marker,
  chunkId: `chunk-${marker}`,
  documentId: 'document',
  documentTitle: 'Handbook',
  page: marker,
  headingPath: [],
  text,
  spans: [{ start: 0, end: text.length, page: marker }],
})
const passages = [
  passage(1, 'Holidays\n\nEvery employee has 30 days of holiday a year. Requests go to the team lead.'),
  passage(2, 'The canteen is open from 11:30 to 14:00. It serves soup.'),
]
const ask = (question: string) => eventsOf({ messages: [user(renderQuestion(question, passages))], passages })
const tool: ModelTool = { name: 'get_weather', description: 'Weather', inputSchema: { type: 'object' } }

describe('the offline language model', () => {
  it('says which model it is, and how to connect a real one', async () => {
    const text = joinText(await eventsOf({ messages: [user('Hello')] }))
    expect(text).to.match(/offline\/extractive.*not a large language model/)
    for (const name of ['OPENAI_API_KEY', 'ANTHROPIC_API_KEY', 'OLLAMA_HOST', 'CDSA_DEFAULT_MODEL'])
      expect(text).to.include(name)
  })

  it('answers with the sentence of the passages that matches the question', async () => {
    expect(joinText(await ask('How many days of holiday does an employee have?'))).to.equal(
      'From the documents: “Every employee has 30 days of holiday a year.” [1]',
    )
    expect(joinText(await ask('When does the canteen open?'))).to.include(
      '“The canteen is open from 11:30 to 14:00.” [2]',
    )
  })

  it('quotes so that the citation is the same sentence', async () => {
    const [citation] = extractCitations(joinText(await ask('How many days of holiday?')), passages)
    expect(citation).to.include({ marker: 1, page: 1, quote: 'Every employee has 30 days of holiday a year.' })
  })

  it('says so when the passages don’t answer', async () => {
    const text = joinText(await ask('Who composed the opera Aida?'))
    expect(text).to.match(/documents don’t answer/)
    expect(text).not.to.match(/\[\d\]/)
  })

  it('streams word by word and ends with one usage and one finish', async () => {
    const content = renderQuestion('When is the canteen open?', passages)
    const events = await eventsOf({ messages: [user(content)], passages })
    const texts = events.filter((event) => event.type === 'text')
    expect(texts).to.have.length.above(8)
    for (const { text } of texts) expect(text.trim().split(/\s/)).to.have.length(1)
    const usage = {
      inputTokens: 4 + countTokens(content),
      outputTokens: countTokens(joinText(events)),
      estimated: true,
    }
    expect(events.slice(-2)).to.deep.equal([
      { type: 'usage', usage },
      { type: 'finish', reason: 'stop' },
    ])
  })

  it('gives the same events for the same request', async () => {
    expect(await ask('When is the canteen open?')).to.deep.equal(await ask('When is the canteen open?'))
  })

  it('calls a tool that it is told to call', async () => {
    const messages = [user('/get_weather {"city": "Bonn"}')]
    const [call, , finish] = await eventsOf({ messages, tools: [tool], passages })
    expect(call).to.have.nested.property('call.tool', 'get_weather')
    expect(call).to.have.nested.property('call.arguments', '{"city": "Bonn"}')
    expect(finish).to.deep.equal({ type: 'finish', reason: 'tool-calls' })
  })

  it('tells what the tool answered', async () => {
    const messages: ModelMessage[] = [
      user('/get_weather {}'),
      { role: 'assistant', content: '', toolCalls: [{ callId: 'c', tool: 'get_weather', arguments: '{}' }] },
      { role: 'tool', callId: 'c', content: '{"sky":"clear"}' },
    ]
    expect(joinText(await eventsOf({ messages, tools: [tool] }))).to.equal('The tool answered:\n\n{"sky":"clear"}')
  })

  it('tells what each of several tools answered, as they answered it', async () => {
    const toolCalls = ['a', 'b'].map((callId) => ({ callId, tool: 'get_weather', arguments: '{}' }))
    const messages: ModelMessage[] = [
      user('/get_weather {}'),
      { role: 'assistant', content: '', toolCalls },
      { role: 'tool', callId: 'a', content: renderToolAnswer('get_weather', '{"sky":"clear"}') },
      { role: 'tool', callId: 'b', content: renderToolAnswer('get_weather', '{"sky":"grey"}') },
    ]
    expect(joinText(await eventsOf({ messages, tools: [tool] }))).to.equal(
      'The tools answered:\n\n{"sky":"clear"}\n\n{"sky":"grey"}',
    )
  })

  it('calls no tool that the chat doesn’t have, and none with broken arguments', async () => {
    expect(joinText(await eventsOf({ messages: [user('/rm {"path": "/"}')], tools: [tool] }))).to.equal(
      'There is no tool `rm` here. There are: `get_weather`.',
    )
    expect(joinText(await eventsOf({ messages: [user('/get_weather {city}')], tools: [tool] }))).to.match(/aren’t JSON/)
  })

  it('stops in the middle with the signal’s reason', async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    let words = 0
    const run = async () => {
      const request = { model: 'extractive', messages: [user('Hello')] }
      for await (const event of model.stream(request, { signal: controller.signal })) {
        if (event.type === 'text' && ++words === 3) controller.abort(reason)
      }
    }
    const failure = await run().catch((error: unknown) => error)
    expect(failure).to.equal(reason)
    expect(words).to.equal(3)
  })
})
