// The official SDK's client for one call to an Ollama server, with a `fetch` of ours under it. The SDK has no signal for
// a request under way, drops the headers of an error, prints what it can't parse and goes on without it: all of that
// is settled below it. Loaded at the first call.
import type { Ollama } from 'ollama'
import type { SecretValue } from '../../secret-value.ts'
import { cutOffAnswer, unreadableAnswer } from '../provider-errors.ts'

export interface OllamaConnection {
  /** As in OLLAMA_HOST: an address, or host and port. */
  readonly host: string
  /** Ollama itself asks for none; its cloud and proxies in front of it do. */
  readonly apiKey?: SecretValue | undefined
}

/** An answer that says no, or an error in the middle of one; `message` isn't ours to show. */
export class OllamaFailure extends Error {
  override readonly name = 'OllamaFailure'
  readonly status: number | undefined
  readonly headers: Headers | undefined
  constructor(message: string, response?: Pick<Response, 'status' | 'headers'>) {
    super(message)
    this.status = response?.status
    this.headers = response?.headers
  }
}

/** How much of an error's body is looked at. */
const longestMessage = 10_000

/** Throws OllamaFailure for a line that reports an error, AppError `llm.unavailable` for one that isn't JSON. */
function checkLine(line: string): void {
  let frame: unknown
  try {
    frame = JSON.parse(line)
  } catch {
    throw unreadableAnswer()
  }
  if (typeof frame !== 'object' || frame === null) throw unreadableAnswer()
  if ('error' in frame) throw new OllamaFailure(JSON.stringify(frame.error).slice(0, longestMessage))
}

/** Passes on whole lines that are JSON; anything else ends the stream with an error. */
function checkLines(): TransformStream<string, string> {
  let rest = ''
  const pass = (line: string, controller: TransformStreamDefaultController<string>): void => {
    if (line.trim() === '') return
    checkLine(line)
    controller.enqueue(`${line}\n`)
  }
  return new TransformStream({
    transform: (chunk, controller) => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) pass(line, controller)
    },
    flush: (controller) => {
      // The last line may lack its end; when it is cut within, so is the answer.
      if (rest.trim() !== '' && !rest.trimEnd().endsWith('}')) throw cutOffAnswer()
      pass(rest, controller)
    },
  })
}

const checkedBody = (body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> =>
  body.pipeThrough(new TextDecoderStream()).pipeThrough(checkLines()).pipeThrough(new TextEncoderStream())

/** A client whose requests `signal` ends; throws OllamaFailure where the server says no. */
export async function connectToOllama(
  { host, apiKey }: OllamaConnection,
  signal: AbortSignal,
  { streams }: { readonly streams: boolean },
): Promise<Ollama> {
  const { Ollama } = await import('ollama')
  return new Ollama({
    host,
    ...(apiKey === undefined ? {} : { headers: { Authorization: `Bearer ${apiKey.reveal()}` } }),
    fetch: async (url, init) => {
      const signals = init?.signal ? AbortSignal.any([init.signal, signal]) : signal
      const response = await fetch(url, { ...init, signal: signals })
      if (!response.ok) throw new OllamaFailure((await response.text()).slice(0, longestMessage), response)
      return streams && response.body !== null ? new Response(checkedBody(response.body), response) : response
    },
  })
}
