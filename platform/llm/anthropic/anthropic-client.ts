// The official SDK's client for Anthropic or any server that speaks its Messages API; loaded at first use (0.3 s, 23 MB).
// It gets key and address from here, never from the environment (but for the SDK's own custom headers), and never retries: Temporal is the only retrier.
import type { Anthropic } from '@anthropic-ai/sdk'
import type { SecretValue } from '../../secret-value.ts'

export interface AnthropicConnection {
  /** Some local servers need none; no key is sent then. */
  readonly apiKey?: SecretValue | undefined
  /** With the path in front of `/v1/messages`. Anthropic's own when absent. */
  readonly baseUrl?: string | undefined
}

/** Without a key the SDK would look for credentials in the home directory; this one is never sent. */
const noKey = 'none'

async function connect({ apiKey, baseUrl }: AnthropicConnection): Promise<Anthropic> {
  const { Anthropic } = await import('@anthropic-ai/sdk')
  return new Anthropic({
    apiKey: apiKey?.reveal() ?? noKey,
    ...(apiKey === undefined ? { defaultHeaders: { Authorization: null, 'X-Api-Key': null } } : {}),
    baseURL: baseUrl ?? 'https://api.anthropic.com',
    webhookKey: null,
    maxRetries: 0,
    // The SDK would print frames that it can't parse.
    logLevel: 'off',
  })
}

/** A client that is made at the first use and shared from then on. */
export function createAnthropicClient(connection: AnthropicConnection): () => Promise<Anthropic> {
  let client: Promise<Anthropic> | undefined
  return () => (client ??= connect(connection))
}
