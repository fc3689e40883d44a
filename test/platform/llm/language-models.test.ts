// Which models there are by configuration alone: nothing is connected to, and no SDK is loaded, to find out.
import { expect } from 'chai'
import { AppError } from '../../../domain/errors.ts'
import { ConfigError, parseConfig } from '../../../platform/config.ts'
import { createEmbeddings } from '../../../platform/llm/embeddings.ts'
import { createLanguageModels } from '../../../platform/llm/language-models.ts'

const modelsOf = (environment: Record<string, string>) => createLanguageModels(parseConfig(environment))
const embeddingsOf = (environment: Record<string, string>) => createEmbeddings(parseConfig(environment))
const withKey = { OPENAI_API_KEY: 'sk-test' }
const withServer = { OPENAI_BASE_URL: 'http://127.0.0.1:1/v1' }
const withAnthropic = { ANTHROPIC_API_KEY: 'sk-ant-test' }
const withOllama = { OLLAMA_HOST: '127.0.0.1:11434' }
const everyVariable = ['OPENAI_API_KEY', 'OPENAI_BASE_URL', 'ANTHROPIC_API_KEY', 'ANTHROPIC_BASE_URL', 'OLLAMA_HOST']

describe('createLanguageModels', () => {
  it('has the offline model alone without a configuration', () => {
    const models = modelsOf({})
    expect(models.defaultModel).to.equal('offline/extractive')
    expect(models.resolve('offline/extractive')).to.include({ providerModel: 'extractive', name: 'offline/extractive' })
    for (const name of ['openai/gpt-4o', 'offline/other', 'extractive', 'openai/']) {
      expect(() => models.resolve(name), name)
        .to.throw(AppError)
        .with.property('code', 'chat.model_unknown')
    }
  })

  it('has OpenAI’s with a key or with a server, and the offline one still', () => {
    for (const environment of [withKey, withServer]) {
      const models = modelsOf(environment)
      expect(models.defaultModel).to.equal('openai/gpt-4.1-mini')
      expect(models.resolve('offline/extractive').contextWindow).to.be.above(4_096)
    }
  })

  it('takes the default of the first provider that is configured', () => {
    expect(modelsOf({ ...withOllama, ...withAnthropic, ...withKey }).defaultModel).to.match(/^openai\//)
    expect(modelsOf({ ...withOllama, ...withAnthropic }).defaultModel).to.equal('anthropic/claude-haiku-5-5')
    expect(modelsOf({ ANTHROPIC_BASE_URL: 'http://127.0.0.1:1' }).defaultModel).to.match(/^anthropic\//)
    expect(modelsOf(withOllama).defaultModel).to.equal('ollama/llama3.2')
  })

  it('says what to set for the providers that aren’t there, and what is there', () => {
    const detailOf = (environment: Record<string, string>): string => {
      try {
        modelsOf(environment).resolve('other/model')
      } catch (error) {
        return (error as AppError).detail ?? ''
      }
      throw new Error('It was found.')
    }
    for (const variable of everyVariable) expect(detailOf({})).to.include(variable)
    const detail = detailOf(withAnthropic)
    expect(detail).to.include('Models here are anthropic/…, offline/extractive.').and.include('OLLAMA_HOST')
    expect(detail).not.to.include('ANTHROPIC')
    expect(detailOf({ ...withKey, ...withAnthropic, ...withOllama })).to.match(/no other providers/)
  })

  it('keeps all behind the first slash for the provider', () => {
    expect(modelsOf(withServer).resolve('openai/meta/llama:8b').providerModel).to.equal('meta/llama:8b')
  })

  it('knows the contexts of OpenAI’s models, their versions and fine-tunes', () => {
    const { resolve } = modelsOf(withKey)
    expect(resolve('openai/gpt-4.1-mini')).to.include({ contextWindow: 1_047_576, maxOutputTokens: 32_768 })
    expect(resolve('openai/gpt-4o-2024-08-06').contextWindow).to.equal(128_000)
    expect(resolve('openai/ft:gpt-4o-mini-2024-07-18:acme::1').contextWindow).to.equal(128_000)
    expect(resolve('openai/gpt-4')).to.include({ contextWindow: 8_192, maxOutputTokens: 2_048 })
  })

  it('knows the contexts of Anthropic’s models by family, and their versions', () => {
    const limitsOf = (model: string) => {
      const { contextWindow, maxOutputTokens } = modelsOf(withAnthropic).resolve(`anthropic/${model}`)
      return [contextWindow, maxOutputTokens]
    }
    for (const model of ['claude-haiku-5-5', 'claude-opus-5', 'claude-sonnet-4-6', 'claude-fable-5-1']) {
      expect(limitsOf(model), model).to.deep.equal([1_000_000, 128_000])
    }
    for (const model of ['claude-haiku-4-5', 'claude-haiku-4-5-20251001', 'claude-sonnet-4-20250514']) {
      expect(limitsOf(model), model).to.deep.equal([200_000, 50_000])
    }
    expect(limitsOf('claude-opus-4-1-20250805')).to.deep.equal([200_000, 32_000])
    expect(limitsOf('claude-3-5-haiku-latest')).to.deep.equal([200_000, 8_192])
    expect(limitsOf('some-other-model')).to.deep.equal([32_768, 4_096])
  })

  it('takes for Ollama the context that the server is asked for', () => {
    const limitsOf = (more: Record<string, string>) => modelsOf({ ...withOllama, ...more }).resolve('ollama/qwen3:8b')
    expect(limitsOf({})).to.include({ providerModel: 'qwen3:8b', contextWindow: 16_384, maxOutputTokens: 4_096 })
    expect(limitsOf({ CDSA_LLM_CONTEXT_WINDOW: '65536' })).to.include({ contextWindow: 65_536 })
  })

  it('takes a careful context for models that it doesn’t know, or the configured one', () => {
    expect(modelsOf(withServer).resolve('openai/llama3.2')).to.include({
      contextWindow: 32_768,
      maxOutputTokens: 4_096,
    })
    const small = modelsOf({ ...withServer, CDSA_LLM_CONTEXT_WINDOW: '4096' })
    expect(small.resolve('openai/llama3.2')).to.include({ contextWindow: 4_096, maxOutputTokens: 1_024 })
  })

  it('fails at the start when the default model’s provider isn’t configured', () => {
    expect(() => modelsOf({ CDSA_DEFAULT_MODEL: 'openai/gpt-4o' })).to.throw(ConfigError, /CDSA_DEFAULT_MODEL/)
    for (const variable of everyVariable) {
      expect(() => modelsOf({ CDSA_DEFAULT_MODEL: 'other/model' })).to.throw(ConfigError, new RegExp(variable))
    }
    expect(modelsOf({ ...withKey, CDSA_DEFAULT_MODEL: 'openai/gpt-4o' }).defaultModel).to.equal('openai/gpt-4o')
  })
})

describe('createEmbeddings', () => {
  it('asks for the offline model, for OpenAI’s where that is configured, or for the one named', () => {
    expect(embeddingsOf({}).configured).to.equal('offline/hash-384')
    expect(embeddingsOf(withKey).configured).to.equal('openai/text-embedding-3-small')
    expect(embeddingsOf({ ...withKey, CDSA_EMBEDDING_MODEL: 'offline/hash-384' }).configured).to.equal(
      'offline/hash-384',
    )
  })

  it('asks for the first provider’s that has one', () => {
    expect(embeddingsOf(withAnthropic).configured).to.equal('offline/hash-384')
    expect(embeddingsOf({ ...withAnthropic, ...withOllama }).configured).to.equal('ollama/nomic-embed-text')
    expect(embeddingsOf({ ...withKey, ...withOllama }).configured).to.match(/^openai\//)
  })

  it('resolves a known model without asking its provider', async () => {
    expect(await embeddingsOf(withServer).resolve('openai/text-embedding-3-large')).to.include({ dimensions: 3_072 })
    expect(await embeddingsOf({}).resolve('offline/hash-384')).to.include({ dimensions: 384 })
  })

  it('says what is missing for a recorded model whose provider is no longer configured', async () => {
    const failure = await embeddingsOf({})
      .resolve('openai/text-embedding-3-small')
      .catch((error: unknown) => error)
    expect(failure).to.include({ code: 'llm.unavailable' })
    expect(failure)
      .to.have.property('detail')
      .that.matches(/OPENAI_API_KEY/)
    for (const [name, advice] of [
      ['ollama/nomic-embed-text', /OLLAMA_HOST/],
      ['anthropic/some', /choose openai\/…, ollama\/… or offline\/hash-384/],
    ] as const) {
      const other = await embeddingsOf({})
        .resolve(name)
        .catch((error: unknown) => error)
      expect(other).to.have.property('detail').that.matches(advice)
    }
  })
})
