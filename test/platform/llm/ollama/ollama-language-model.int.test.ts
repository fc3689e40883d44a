// The driver for Ollama: the suite of all drivers, and what its protocol alone has.
import { expect } from 'chai'
import type { ModelRequest } from '../../../../platform/llm/language-model.ts'
import { type MockUpstream, type RawResponse, startMockUpstream } from '../../../support/mock-upstream.ts'
import { gatherEvents, joinText } from '../../../support/model-events.ts'
import { ollamaDialect } from '../../../support/provider-dialects.ts'
import { describeLanguageModel } from '../language-model-suite.ts'

const line = (frame: object): string => `${JSON.stringify(frame)}\n`
const { begin, text, end } = ollamaDialect
const ended = (more: object): string => line({ message: { content: '' }, done: true, ...more })
const raw: Readonly<Record<string, RawResponse>> = {
  plain: { body: begin + text('Yes.') + end() },
  length: { body: begin + text('Only so') + ended({ done_reason: 'length' }) },
  'no-last-newline': { body: `${begin}${text('Yes.')}\n\n${end().trim()}` },
  'cached-prompt': { body: begin + text('Yes.') + ended({ eval_count: 2 }) },
}
const request: ModelRequest = { model: 'llama3.2', messages: [{ role: 'user', content: 'x' }] }

describe('the Ollama language model', () => {
  describeLanguageModel(ollamaDialect)

  let upstream: MockUpstream
  before(async () => {
    upstream = await startMockUpstream({ raw })
  })
  after(() => upstream.stop())

  const eventsOf = (name: string) => gatherEvents(ollamaDialect.open(upstream.rawUrl(name)), request)

  it('asks at its own address, with the context that it was opened for', async () => {
    await eventsOf('plain')
    const asked = upstream.rawRequests('plain').at(-1)
    expect(asked?.path).to.equal('/plain/api/chat')
    expect(asked?.body).to.deep.include({ model: 'llama3.2', stream: true, options: { num_ctx: 8_192 } })
  })

  it('reports that the answer was cut at its bound', async () => {
    expect((await eventsOf('length')).at(-1)).to.deep.equal({ type: 'finish', reason: 'length' })
  })

  it('reads a last line without an end, and passes over blank ones', async () => {
    expect(joinText(await eventsOf('no-last-newline'))).to.equal('Yes.')
  })

  it('counts the usage itself when the server leaves out the prompt’s', async () => {
    expect((await eventsOf('cached-prompt')).at(-2)).to.have.nested.property('usage.estimated', true)
  })
})
