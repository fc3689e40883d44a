// The model of the benchmarks: @copilotkit/aimock in a process of its own, so that it shares no event loop with what is
// measured. Every answer is the same, after the same delay.
import { OpenAI } from 'openai'
import { offlineEmbeddingModelName } from '../platform/llm/offline/offline-embedding-model.ts'
import type { BenchmarkContext } from './benchmark.ts'
import { startChild } from './child.ts'

export interface MockModelPhysics {
  /** Milliseconds before the first token. */
  readonly ttft: number
  /** Tokens a second after it. */
  readonly tps: number
  /** Tokens of the answer. */
  readonly tokens: number
}

/** What every turn is asked to answer at: the delay counts in all figures of turns, and in their baseline model's. */
export const quickModel: MockModelPhysics = { ttft: 10, tps: 400, tokens: 40 }
/** Never answers within a benchmark. */
export const silentModel: MockModelPhysics = { ttft: 3_600_000, tps: 1, tokens: 1 }

export interface MockModel {
  /** For a platform that uses it for turns; documents keep the offline embedding model. */
  readonly environment: Readonly<Record<string, string>>
  /** A bare call by the official SDK: milliseconds to the first text and to the end. */
  call(): Promise<{ readonly firstMs: number; readonly wholeMs: number }>
}

const model = 'gpt-4.1-mini'
export const question = 'Who are you?'

export async function startMockModel(physics: MockModelPhysics, context: BenchmarkContext): Promise<MockModel> {
  const child = startChild<{ readonly baseUrl: string }>('mock-model-process.ts', [JSON.stringify(physics)], context)
  const { baseUrl } = await child.answer()
  const client = new OpenAI({ baseURL: baseUrl, apiKey: 'mock', maxRetries: 0 })
  return {
    environment: {
      OPENAI_BASE_URL: baseUrl,
      OPENAI_API_KEY: 'mock',
      CDSA_DEFAULT_MODEL: `openai/${model}`,
      CDSA_EMBEDDING_MODEL: offlineEmbeddingModelName,
    },
    call: async () => {
      const started = performance.now()
      let firstMs = Number.NaN
      const chunks = await client.chat.completions.create({
        model,
        stream: true,
        messages: [{ role: 'user', content: question }],
      })
      for await (const chunk of chunks) {
        if (Number.isNaN(firstMs) && chunk.choices[0]?.delta.content) firstMs = performance.now() - started
      }
      return { firstMs, wholeMs: performance.now() - started }
    },
  }
}
