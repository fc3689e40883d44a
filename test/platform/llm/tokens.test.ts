// Counts agree with OpenAI's own, hostile texts cost no more time than others, and estimates err on the high side.
import { expect } from 'chai'
import * as encoding from 'gpt-tokenizer/encoding/o200k_base'
import { countTokens, estimateAnthropicTokens, estimateTokens, tokenCounterFor } from '../../../platform/llm/tokens.ts'

describe('countTokens', () => {
  it('counts as o200k_base does', () => {
    expect(countTokens('')).to.equal(0)
    expect(countTokens('hello world')).to.equal(2)
    expect(countTokens('tiktoken is great!')).to.equal(6)
  })

  it('takes special markers for text', () => {
    expect(countTokens('a <|endoftext|> b')).to.be.above(3)
  })

  // Uncut, each of these takes minutes: the mocha timeout is what fails.
  for (const [name, run] of Object.entries({ letter: 'a', space: ' ', emoji: '😀', unspaced: '的一是不' })) {
    it(`counts 200,000 characters of one ${name} run`, () => {
      expect(countTokens(run.repeat(200_000 / run.length))).to.be.above(1_000)
    })
  }

  it('counts a long run at most a little high', () => {
    const address = `https://example.com/${'path/to/page-'.repeat(40)}`
    const exact = encoding.countTokens(address)
    expect(countTokens(address)).to.be.within(exact, exact + 4)
  })
})

describe('tokenCounterFor', () => {
  it('is exact for models of that vocabulary, and an estimate from above for others', () => {
    const texts = ['The bridge opened in 1966.', 'word '.repeat(3_000)]
    for (const name of ['openai/gpt-4.1-mini', 'openai/gpt-5', 'openai/o3', 'offline/extractive']) {
      const count = tokenCounterFor(name)
      for (const text of texts)
        expect([count(text), count(text)], name).to.deep.equal([countTokens(text), countTokens(text)])
    }
    for (const name of ['openai/gpt-4', 'openai/llama3.2', 'ollama/gpt-oss']) {
      expect(tokenCounterFor(name), name).to.equal(estimateTokens)
    }
    expect(tokenCounterFor('anthropic/claude-haiku-5-5')).to.equal(estimateAnthropicTokens)
  })

  it('estimates above the exact count, more so outside English, and never above one token a byte', () => {
    const [english, russian] = ['The bridge opened in 1966.', 'Мост был открыт в 1966 году.']
    expect(estimateTokens(english)).to.be.within(countTokens(english) * 1.3, Buffer.byteLength(english))
    expect(estimateTokens(russian)).to.be.within(countTokens(russian) * 2, Buffer.byteLength(russian))
    expect(estimateTokens('ab')).to.be.at.most(2)
  })

  it('estimates Anthropic’s models higher still, as their tokenizer is the finest', () => {
    const code = 'for (const [name, value] of Object.entries(rows)) total += value * weights[name]'
    // Reported at up to 1.3 × 1.35 of o200k_base on code.
    expect(estimateAnthropicTokens(code)).to.be.within(countTokens(code) * 1.76, Buffer.byteLength(code))
    expect(estimateAnthropicTokens('ab')).to.be.at.most(2)
  })
})
