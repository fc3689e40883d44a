// A scripted server for tests and for trying the platform by hand: @copilotkit/aimock on loopback, which speaks the
// protocols of OpenAI, Anthropic and Ollama with its own physics (time to first token, tokens a second); the drivers run
// for real. What no well-behaved server sends is scripted byte by byte, as a raw answer.
import { EventEmitter, once } from 'node:events'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { createServer } from 'node:net'
import { json } from 'node:stream/consumers'
import {
  type ChatCompletionRequest,
  createServer as createAimock,
  type Fixture,
  generateDeterministicEmbedding,
  type JournalEntry,
  type Mountable,
} from '@copilotkit/aimock'
import { splitSentences } from '../../domain/chat/sentences.ts'

export interface RawResponse {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as it is, for what no well-behaved server sends. */
  readonly body: string
  /** What comes after the body: the end (when absent), nothing until the client hangs up, or a cut connection. */
  readonly ending?: 'silence' | 'cut'
  /** Sends not even a status: the client waits until it hangs up. */
  readonly silent?: boolean
}

/** A request that a raw answer or the embedding route was given. */
export interface ReceivedRequest {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Readonly<Record<string, unknown>>
}

export interface MockUpstreamOptions {
  /** A free one when absent. */
  readonly port?: number
  /** Keys that it accepts; any key or none when absent. */
  readonly apiKeys?: readonly string[]
  /** Tried in order before the defaults. */
  readonly fixtures?: readonly Fixture[]
  /** By name: answers to whatever is asked below `rawUrl(name)`. */
  readonly raw?: Readonly<Record<string, RawResponse>>
}

export interface MockUpstream {
  /** For ANTHROPIC_BASE_URL and OLLAMA_HOST. */
  readonly url: string
  /** For OPENAI_BASE_URL: ends in `/v1`. */
  readonly baseUrl: string
  readonly port: number
  /** Stands for `url`, where every request is answered by `raw[name]`. */
  rawUrl(name: string): string
  /** Resolves, once a client has closed the connection of an answer of `raw[name]`, with `performance.now()` of then. */
  hungUp(name: string): Promise<number>
  /** What was asked so far, oldest first; `body` is in OpenAI's form. Not among them: raw answers, Ollama's embeddings. */
  requests(): JournalEntry[]
  /** What was asked of `raw[name]` so far, oldest first. */
  rawRequests(name: string): readonly ReceivedRequest[]
  /** What Ollama's embedding route was asked so far. */
  embedRequests(): readonly ReceivedRequest[]
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

async function receive(request: IncomingMessage, path: string): Promise<ReceivedRequest> {
  const body = (await json(request)) as Readonly<Record<string, unknown>>
  return { path, headers: request.headers, body }
}

const rawMount = (
  raw: Readonly<Record<string, RawResponse>>,
  { closings, received }: { readonly closings: EventEmitter; readonly received: ReceivedRequest[] },
): Mountable => ({
  handleRequest: async (request, response, pathname) => {
    const name = pathname.split('/')[1] ?? ''
    const answer = raw[name]
    if (answer === undefined) return false
    received.push(await receive(request, pathname))
    response.once('close', () => closings.emit(name, performance.now()))
    if (answer.silent === true) return true
    response.writeHead(answer.status ?? 200, { 'content-type': 'text/event-stream', ...answer.headers })
    if (answer.ending === undefined) response.end(answer.body)
    else response.write(answer.body, () => answer.ending === 'cut' && response.destroy())
    return true
  },
})

const embedPath = '/api/embed'

/** aimock answers this route in the form of an older one, with a single vector; the vectors here are its own. */
const embedMount = (received: ReceivedRequest[]): Mountable => ({
  handleRequest: async (request, response) => {
    const asked = await receive(request, embedPath)
    received.push(asked)
    const { model, input } = asked.body as { model: string; input: string[] }
    const dimensions = model.startsWith('nomic-embed-text') ? 768 : 1_024
    const embeddings = input.map((text) => generateDeterministicEmbedding(text, dimensions))
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ model, embeddings }))
    return true
  },
})

/** Starts the server on 127.0.0.1. Stop it in the test's own `after`. */
export async function startMockUpstream(options: MockUpstreamOptions = {}): Promise<MockUpstream> {
  const fixtures = [...(options.fixtures ?? []), ...defaultFixtures]
  const closings = new EventEmitter()
  const raw: ReceivedRequest[] = []
  const embed: ReceivedRequest[] = []
  const { server, url, journal } = await createAimock(
    fixtures,
    {
      host: '127.0.0.1',
      port: options.port ?? 0,
      logLevel: 'silent',
      ...(options.apiKeys === undefined ? {} : { auth: { apiKeys: [...options.apiKeys] } }),
    },
    [
      { path: rawPath, handler: rawMount(options.raw ?? {}, { closings, received: raw }) },
      { path: embedPath, handler: embedMount(embed) },
    ],
  )
  return {
    url,
    baseUrl: `${url}/v1`,
    port: Number(new URL(url).port),
    rawUrl: (name) => `${url}${rawPath}/${name}`,
    hungUp: async (name) => ((await once(closings, name)) as [number])[0],
    requests: () => journal.getAll(),
    rawRequests: (name) => raw.filter(({ path }) => path.split('/')[1] === name),
    embedRequests: () => embed,
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
