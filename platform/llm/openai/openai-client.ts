// The official SDK's client for OpenAI or any server that speaks its protocol; loaded at the first call (130 ms, 15 MB).
// It gets everything from here, never from the environment (but for the SDK's own custom headers), and never retries: Temporal is the only retrier.
import type { OpenAI } from 'openai'
import type { SecretValue } from '../../secret-value.ts'

export interface OpenAiConnection {
  /** Some local servers need none; no Authorization header is sent then. */
  readonly apiKey?: SecretValue | undefined
  /** With the path in front of `/chat/completions`, as in `http://127.0.0.1:11434/v1`. OpenAI's own when absent. */
  readonly baseUrl?: string | undefined
}

/** The SDK refuses to start without a key; this one is never sent. */
const noKey = 'none'

async function connect({ apiKey, baseUrl }: OpenAiConnection): Promise<OpenAI> {
  const { OpenAI } = await import('openai')
  return new OpenAI({
    apiKey: apiKey?.reveal() ?? noKey,
    ...(apiKey === undefined ? { defaultHeaders: { Authorization: null } } : {}),
    baseURL: baseUrl ?? 'https://api.openai.com/v1',
    adminAPIKey: null,
    organization: null,
    project: null,
    webhookSecret: null,
    maxRetries: 0,
    // The SDK would print frames that it can't parse.
    logLevel: 'off',
  })
}

/** A client that is made at the first use and shared from then on. */
export function createOpenAiClient(connection: OpenAiConnection): () => Promise<OpenAI> {
  let client: Promise<OpenAI> | undefined
  return () => (client ??= connect(connection))
}

/** OpenAI's own servers know `max_completion_tokens` alone for newer models; compatible ones know `max_tokens`. */
export function isOpenAiHost({ baseUrl }: OpenAiConnection): boolean {
  if (baseUrl === undefined) return true
  return /(?:^|\.)(?:openai\.com|openai\.azure\.com)$/.test(new URL(baseUrl).hostname)
}
