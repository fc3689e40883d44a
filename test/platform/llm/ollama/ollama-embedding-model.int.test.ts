// Embeddings of an Ollama server: the suites of all drivers.
import { openOllamaEmbeddingModel } from '../../../../platform/llm/ollama/ollama-embedding-model.ts'
import { type MockUpstream, startMockUpstream } from '../../../support/mock-upstream.ts'
import { describeEmbeddingModel, describeEmbeddingProvider, type EmbeddingDialect } from '../embedding-model-suite.ts'

const dialect: EmbeddingDialect = {
  model: 'nomic-embed-text',
  dimensions: 768,
  open: (host, model, options) => openOllamaEmbeddingModel(model, { host, ...options }),
  answer: (embeddings) => ({ embeddings }),
}

describe('the Ollama embedding model', () => {
  let upstream: MockUpstream
  before(async () => {
    upstream = await startMockUpstream()
  })
  after(() => upstream.stop())

  describeEmbeddingModel('ollama/nomic-embed-text', 768, () => dialect.open(upstream.url, dialect.model))
  describeEmbeddingProvider(dialect)
})
