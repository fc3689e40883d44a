// How long an event takes from its append to a turn's stream to its readers, with one reader and with a thousand on one
// API process, and what memory a reader costs there. On Valkey, with API and workers in processes of their own.
import { setTimeout } from 'node:timers/promises'
import { stepEpoch } from '../domain/chat/turn-event.ts'
import { formatEventId } from '../domain/event-id.ts'
import { SecretValue } from '../platform/secret-value.ts'
import { createLogger } from '../platform/logger.ts'
import { residentBytes } from '../platform/parsing/resident-bytes.ts'
import { createStreams } from '../platform/stream/create-streams.ts'
import type { TurnStream } from '../platform/stream/turn-stream.ts'
import { type ApiClient, signUp } from '../test/support/api-client.ts'
import { eventually } from '../test/support/eventually.ts'
import { startBenchPlatform } from './bench-platform.ts'
import type { Benchmark, BenchmarkContext, Row } from './benchmark.ts'
import { startChild } from './child.ts'
import { atOnce, interleave } from './interleave.ts'
import { question, silentModel, startMockModel } from './mock-model.ts'
import type { ReaderAnswer, ReaderRequest } from './readers-process.ts'
import { startBenchRedis } from './services.ts'
import { newChat } from './turns.ts'

const manyReaders = 1_000
const turnCount = 10
/** Tokens a second of each turn: with a thousand readers that is 2,000 and 10,000 deliveries a second. */
const paces = [2, 10] as const
const secondsPerRound = 3
const rounds = 4

interface Readers {
  ask(request: ReaderRequest): Promise<ReaderAnswer>
}

function startReaders(context: BenchmarkContext): Readers {
  const child = startChild<ReaderAnswer>('readers-process.ts', [], context)
  return {
    ask: async (request) => {
      const answer = await child.ask(request)
      if (answer.failed !== null) throw new Error(`A reader failed: ${answer.failed}`)
      return answer
    },
  }
}

interface RunningTurn {
  readonly turnId: string
  readonly url: string
}

/** The model never answers, so the worker adds nothing to the turn's stream beside what is appended here. */
async function startTurn(client: ApiClient): Promise<RunningTurn> {
  const { body } = await client.post(`/chats/${await newChat(client)}/turns`, { content: question })
  return { turnId: body['turn'].id, url: `${client.apiUrl}${body['eventsUrl']}` }
}

/** An attempt above those of the worker, so that the ids lie above its own events'. */
const position = { step: 1, attempt: 500 }
const epoch = stepEpoch(position)

interface Tokens {
  /** A second. */
  readonly pace: number
  /** For each turn. */
  readonly count: number
  /** The first one's sequence. As the worker's do, sequences rise by one: a reader takes a gap for a loss, and looks. */
  readonly from: number
}

/** Appends to each turn at a steady pace, the turns one after the other; the text is the time of the append. */
async function appendTokens(streams: TurnStream, turns: readonly RunningTurn[], tokens: Tokens): Promise<void> {
  const gapMs = 1_000 / tokens.pace / turns.length
  const started = performance.now()
  for (let sent = 0; sent < tokens.count * turns.length; sent += 1) {
    await setTimeout(Math.max(0, started + sent * gapMs - performance.now()))
    const turn = turns[sent % turns.length]
    const id = { epoch, sequence: tokens.from + Math.floor(sent / turns.length) }
    const text = process.hrtime.bigint().toString()
    if (turn !== undefined) {
      await streams.append(turn.turnId, [{ id, event: { type: 'text.delta', data: { ...position, text } } }])
    }
  }
}

interface Setting {
  readonly streams: TurnStream
  readonly turns: readonly RunningTurn[]
  readonly readers: Readers
  readonly token: string
  readonly apiPid: number
}

/** Delivery times in milliseconds, of all tokens at all readers; throws when one of them doesn't arrive. */
async function deliver(
  setting: Setting,
  options: { readonly count: number; readonly tokens: Tokens; readonly whileOpen?: () => Promise<void> },
): Promise<readonly number[]> {
  const { readers, turns, streams, token } = setting
  const { count, tokens, whileOpen } = options
  const followed = turns.slice(0, count)
  const receive = async (each: Tokens): Promise<void> => {
    await appendTokens(streams, followed, each)
    const haveAll = async () => (await readers.ask({ kind: 'count' })).received >= each.count * count
    await eventually('all tokens arrive', haveAll, 60_000)
  }
  const lastEventId = formatEventId({ epoch, sequence: tokens.from - 1 })
  await readers.ask({ kind: 'open', urls: followed.map(({ url }) => url), token, count, lastEventId })
  // A reader has its answer's head before it follows: the first token, which isn't measured, shows that all of them do.
  await receive({ ...tokens, count: 1 })
  await readers.ask({ kind: 'begin' })
  await receive({ ...tokens, from: tokens.from + 1 })
  await whileOpen?.()
  return (await readers.ask({ kind: 'close' })).latenciesMs
}

async function measure(context: BenchmarkContext, setting: Setting): Promise<Row[]> {
  const perReader: number[] = []
  const idle = await residentBytes(setting.apiPid)
  const weigh = async (): Promise<void> => {
    // Once freed, memory stays with the process: only the first crowd shows what a reader costs.
    if (perReader.length > 0) return
    perReader.push(((await residentBytes(setting.apiPid)) - idle) / manyReaders / 1_024)
  }
  let from = 1
  const rows: Row[] = []
  for (const pace of paces) {
    const count = pace * secondsPerRound
    const next = (): Tokens => ({ pace, count, from: (from += count + 1) })
    context.progress(`${pace} tokens a second`)
    const taken = await interleave(
      {
        one: () => deliver(setting, { count: 1, tokens: next() }),
        many: () => deliver(setting, { count: manyReaders, tokens: next(), whileOpen: weigh }),
      },
      { rounds: context.times(rounds), warmUp: 1 },
    )
    const deliveries = (pace * manyReaders).toLocaleString('en')
    rows.push({
      measured: {
        name: `append to receipt, ${manyReaders.toLocaleString('en')} readers, ${deliveries} events a second`,
        unit: 'ms',
        samples: taken.many,
      },
      baseline: { name: '1 reader', unit: 'ms', samples: taken.one },
    })
  }
  const memory = { name: 'memory of the API process for each reader', unit: 'kB' as const, samples: perReader }
  return [...rows, { measured: memory }]
}

export const readers: Benchmark = {
  name: 'readers',
  run: async (context) => {
    const model = await startMockModel(silentModel, context)
    const redis = await startBenchRedis(context)
    const env = { ...model.environment, ...redis, CDSA_LLM_STALL_TIMEOUT_MS: '290000', CDSA_SHUTDOWN_GRACE_MS: '500' }
    const { run } = await startBenchPlatform(context, env)
    const { api } = run.processes
    if (api === null) throw new Error('The platform runs no API process.')
    const client = await signUp(run.apiUrl)
    const log = createLogger({ level: 'warn' })
    const opened = createStreams({ redisUrl: new SecretValue(redis.REDIS_URL), retentionSeconds: 3_600, log })
    context.defer(() => opened.close())
    const turns = await atOnce(turnCount, () => startTurn(client))
    context.progress(`${turnCount} turns run`)
    const readers = startReaders(context)
    return measure(context, { streams: opened.streams, turns, readers, token: client.token ?? '', apiPid: api })
  },
}
