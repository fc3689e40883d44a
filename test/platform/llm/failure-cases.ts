// What a provider may do wrong, row by row as in docs/provider-errors.md, and how it looks on each provider's wire.
// The key that is sent stands in every message, so that a detail that repeats the provider's words is found out.
import type { RawResponse } from '../../support/mock-upstream.ts'
import type { Dialect } from '../../support/provider-dialects.ts'

export const canary = 'sk-canary-1234'

export interface FailureCase {
  /** undefined: nothing listens where the provider should be. */
  readonly answer: ((dialect: Dialect) => RawResponse) | undefined
  /** Providers that do so; all when absent. */
  readonly only?: readonly Dialect['name'][]
  /** The driver's stall timeout ends it. */
  readonly isSilence?: boolean
}

const message = `Something about ${canary}.`
const says =
  (
    status: number,
    {
      headers = {},
      ...error
    }: { readonly code?: string; readonly message?: string; readonly headers?: Readonly<Record<string, string>> } = {},
  ) =>
  ({ errorBody }: Dialect): RawResponse => ({
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: errorBody({ message, ...error }),
  })
const streams =
  (frames: (dialect: Dialect) => string, ending?: RawResponse['ending']) =>
  (dialect: Dialect): RawResponse => ({
    body: dialect.begin + dialect.text('It ') + frames(dialect),
    ...(ending === undefined ? {} : { ending }),
  })
const nothing = (): string => ''

export const failureCases: Readonly<Record<string, FailureCase>> = {
  '429 with `Retry-After: 7`': { answer: says(429, { headers: { 'retry-after': '7' } }) },
  '429 with `retry-after-ms: 1500`': {
    answer: says(429, { headers: { 'retry-after-ms': '1500', 'retry-after': '9' } }),
  },
  '429 with `Retry-After: 3600`': { answer: says(429, { headers: { 'retry-after': '3600' } }) },
  '429 without a time': { answer: says(429) },
  '429 `insufficient_quota`': { answer: says(429, { code: 'insufficient_quota' }), only: ['openai'] },
  '429 with `x-should-retry: false`': { answer: says(429, { headers: { 'x-should-retry': 'false' } }) },
  '402': { answer: says(402, { code: 'billing_error' }) },
  '400 “credit balance is too low”': {
    answer: says(400, { message: `Your credit balance is too low, ${canary}` }),
    only: ['anthropic'],
  },
  '500': { answer: says(500) },
  '503 with `Retry-After: 2`': { answer: says(503, { headers: { 'retry-after': '2' } }) },
  '529 `overloaded_error`': { answer: says(529, { code: 'overloaded_error' }), only: ['anthropic'] },
  '408': { answer: says(408) },
  '409': { answer: says(409) },
  '500 with `x-should-retry: false`': { answer: says(500, { headers: { 'x-should-retry': 'false' } }) },
  '400 with `x-should-retry: true`': { answer: says(400, { headers: { 'x-should-retry': 'true' } }) },
  '401': { answer: says(401, { code: 'authentication_error' }) },
  '403': { answer: says(403, { code: 'permission_error' }) },
  '404, the model is unknown': { answer: says(404, { code: 'not_found_error' }) },
  '400, the prompt exceeds the context': {
    answer: (dialect) =>
      says(400, {
        code: dialect.name === 'openai' ? 'context_length_exceeded' : 'invalid_request_error',
        message:
          dialect.name === 'anthropic'
            ? `prompt is too long: 210000 tokens > 200000 maximum ${canary}`
            : `the input length exceeds the context length ${canary}`,
      })(dialect),
  },
  '413': { answer: says(413, { code: 'request_too_large' }) },
  '400, anything else': { answer: says(400, { code: 'invalid_request_error' }) },
  'the connection is refused': { answer: undefined },
  'the connection is cut in the middle of the answer': { answer: streams(nothing, 'cut') },
  'the stream ends without the provider’s own end': { answer: streams(nothing) },
  'a frame that is no JSON': { answer: streams(({ malformed, end }) => malformed + end()) },
  'a frame of another shape': { answer: streams(({ misshapen, end }) => misshapen + end()) },
  'an error in the middle of the answer': {
    answer: streams(({ errorFrame }) => errorFrame({ code: 'overloaded_error', message })),
  },
  'a rate limit in the middle of the answer': {
    answer: streams(({ errorFrame }) => errorFrame({ code: 'rate_limit_error', message })),
    only: ['openai', 'anthropic'],
  },
  'silence in the middle of the answer': { answer: streams(nothing, 'silence'), isSilence: true },
  'no answer at all': { answer: () => ({ body: '', silent: true }), isSilence: true },
}
