// The process of readers.ts: many readers of event streams, which do the least that a reader can, so that what is
// measured is the server. Times are of the machine's monotonic clock, which its processes share.
import { get, type IncomingMessage } from 'node:http'

export type ReaderRequest =
  | {
      readonly kind: 'open'
      readonly urls: readonly string[]
      readonly token: string
      readonly count: number
      /** The readers get what comes after it. */
      readonly lastEventId: string
    }
  | { readonly kind: 'begin' | 'count' | 'close' }

export interface ReaderAnswer {
  /** Why a reader ended before it was closed. */
  readonly failed: string | null
  /** Texts since the readers were opened, or since `begin`. */
  readonly received: number
  /** Of all of them; empty except in the answer to `close`. */
  readonly latenciesMs: readonly number[]
}

let open: IncomingMessage[] = []
let latenciesMs: number[] = []
let failed: string | null = null

const appendedAt = /"text":"(\d+)"/g

function read(response: IncomingMessage): void {
  let rest = ''
  response.setEncoding('latin1')
  response.on('data', (chunk: string) => {
    const now = process.hrtime.bigint()
    const text = rest + chunk
    const end = text.lastIndexOf('\n\n') + 2
    if (end < 2) {
      rest = text
      return
    }
    rest = text.slice(end)
    for (const [, time = '0'] of text.slice(0, end).matchAll(appendedAt)) {
      latenciesMs.push(Number(now - BigInt(time)) / 1e6)
    }
  })
  response.once('error', (error) => (failed ??= error.message))
  response.once('end', () => (failed ??= 'its stream ended'))
}

/** Resolves once the answer's head is there. */
const connect = (url: string, headers: Readonly<Record<string, string>>): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    get(url, { agent: false, headers }, (response) => {
      if (response.statusCode === 200) resolve(response)
      else reject(new Error(`the answer was ${response.statusCode}`))
    }).on('error', reject)
  })

async function handle(request: ReaderRequest): Promise<void> {
  if (request.kind === 'open') {
    const { urls, token, count, lastEventId } = request
    const headers = {
      accept: 'text/event-stream',
      authorization: `Bearer ${token}`,
      'last-event-id': lastEventId,
    }
    latenciesMs = []
    open = await Promise.all(
      Array.from({ length: count }, (_, index) => connect(urls[index % urls.length] ?? '', headers)),
    )
    for (const response of open) read(response)
  } else if (request.kind === 'begin') {
    latenciesMs = []
  } else if (request.kind === 'close') {
    for (const response of open.splice(0)) {
      response
        .removeAllListeners('error')
        .removeAllListeners('end')
        .on('error', () => undefined)
      response.destroy()
    }
  }
}

process.on('message', (request: ReaderRequest) => {
  void handle(request)
    .catch((error: unknown) => (failed ??= error instanceof Error ? error.message : String(error)))
    .then(() => {
      const answer: ReaderAnswer = {
        failed,
        received: latenciesMs.length,
        latenciesMs: request.kind === 'close' ? latenciesMs : [],
      }
      process.send?.(answer)
    })
})
process.once('disconnect', () => process.exit(0))
