// A scripted OpenAI-compatible server for tests and for trying the platform by hand: @copilotkit/aimock on loopback.
// It speaks the wire protocol with its own physics (time to first token, tokens a second); the drivers run for real.
import { EventEmitter, once } from 'node:events'
import { createServer } from 'node:net'
import {
  type ChatCompletionRequest,
  createServer as createAimock,
  type Fixture,
  type JournalEntry,
  type Mountable,
} from '@copilotkit/aimock'
import { splitSentences } from '../../domain/chat/sentences.ts'

export interface RawResponse {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as it is, for what no well-behaved server sends. */
  readonly body: string
  /** Leaves the answer open after the body, until the client hangs up. */
  readonly keepOpen?: boolean
}

export interface MockUpstreamOptions {
  /** A free one when absent. */
  readonly port?: number
  /** Keys that it accepts; any key or none when absent. */
  readonly apiKeys?: readonly string[]
  /** Tried in order before the defaults. */
  readonly fixtures?: readonly Fixture[]
  /** By name: answers to whatever is asked below `rawBaseUrl(name)`. */
  readonly raw?: Readonly<Record<string, RawResponse>>
}

export interface MockUpstream {
  /** For OPENAI_BASE_URL: ends in `/v1`. */
  readonly baseUrl: string
  readonly port: number
  rawBaseUrl(name: string): string
  /** Resolves once a client has closed the connection of an answer of `raw[name]`. */
  hungUp(name: string): Promise<void>
  /** What was asked so far, oldest first; `body` is the request's JSON. Raw answers aren't among them. */
  requests(): JournalEntry[]
  /** Adds a fixture in front of all others. */
  script(fixture: Fixture): void
  stop(): Promise<void>
}

const textOf = (content: ChatCompletionRequest['messages'][number]['content']): string =>
  typeof content === 'string' ? content : (content ?? []).map((part) => part.text ?? '').join('')

/** The text of the request's last message of the user. */
const lastUserText = (request: ChatCompletionRequest): string =>
  textOf(request.messages.findLast((message) => message.role === 'user')?.content ?? '')

/** The passages that the request holds, by marker. */
export function passagesIn(request: ChatCompletionRequest): { readonly marker: string; readonly text: string }[] {
  const matches = lastUserText(request).matchAll(/<passage marker="(\d+)"[^>]*>\n([\s\S]*?)\n<\/passage>/g)
  return [...matches].map((match) => ({ marker: match[1] ?? '', text: match[2] ?? '' }))
}

/** Answers from what the request holds: the first sentence of its two best passages, cited. */
const quotingFixture: Fixture = {
  match: { endpoint: 'chat', predicate: (request) => passagesIn(request).length > 0 },
  response: (request) => ({
    content: passagesIn(request)
      .slice(0, 2)
      .map(({ marker, text }) => {
        const first = splitSentences(text)[0]
        return `The documents say: "${text.slice(first?.start, first?.end)}" [${marker}].`
      })
      .join(' '),
  }),
}

export interface Physics {
  /** Milliseconds before the first token. */
  readonly ttft: number
  /** Tokens a second after it. */
  readonly tps: number
}

/** `0001 0002 0003 …`: one token a delta, so that a gap or a repeat in what arrives shows at once. */
export const numberedTokens = (count: number): string =>
  Array.from({ length: count }, (_, index) => `${String(index + 1).padStart(4, '0')} `).join('')

/** Streams `count` numbered tokens at a given speed when the user's message contains `userMessage`. */
export const slowFixture = (userMessage: string, count: number, physics: Physics): Fixture => ({
  match: { endpoint: 'chat', userMessage },
  response: { content: numberedTokens(count) },
  chunkSize: 5,
  streamingProfile: physics,
})

const echoFixture: Fixture = {
  match: { endpoint: 'chat' },
  response: (request) => ({ content: `You said: ${lastUserText(request)}` }),
}

const defaultFixtures: readonly Fixture[] = [
  quotingFixture,
  slowFixture('count slowly', 300, { ttft: 300, tps: 20 }),
  echoFixture,
]

const rawPath = '/raw'

const rawMount = (raw: Readonly<Record<string, RawResponse>>, closings: EventEmitter): Mountable => ({
  handleRequest: (request, response, pathname) => {
    const name = pathname.split('/')[1] ?? ''
    const answer = raw[name]
    if (answer === undefined) return Promise.resolve(false)
    request.resume()
    response.once('close', () => closings.emit(name))
    response.writeHead(answer.status ?? 200, { 'content-type': 'text/event-stream', ...answer.headers })
    if (answer.keepOpen === true) response.write(answer.body)
    else response.end(answer.body)
    return Promise.resolve(true)
  },
})

/** Starts the server on 127.0.0.1. Stop it in the test's own `after`. */
export async function startMockUpstream(options: MockUpstreamOptions = {}): Promise<MockUpstream> {
  const fixtures = [...(options.fixtures ?? []), ...defaultFixtures]
  const closings = new EventEmitter()
  const { server, url, journal } = await createAimock(
    fixtures,
    {
      host: '127.0.0.1',
      port: options.port ?? 0,
      logLevel: 'silent',
      ...(options.apiKeys === undefined ? {} : { auth: { apiKeys: [...options.apiKeys] } }),
    },
    [{ path: rawPath, handler: rawMount(options.raw ?? {}, closings) }],
  )
  return {
    baseUrl: `${url}/v1`,
    port: Number(new URL(url).port),
    rawBaseUrl: (name) => `${url}${rawPath}/${name}/v1`,
    hungUp: async (name) => void (await once(closings, name)),
    requests: () => journal.getAll(),
    script: (fixture) => void fixtures.unshift(fixture),
    stop: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

/** A loopback port on which nothing listens: it was free a moment ago. */
export async function findClosedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** One frame of a streamed answer as it goes over the wire, for raw answers. */
export const chunkFrame = (delta: object, rest: object = {}): string =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: null, ...rest }] })}\n\n`
export const doneFrame = 'data: [DONE]\n\n'
