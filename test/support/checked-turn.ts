// A turn whose client counts: it follows like a browser while processes die, sees each token exactly once and in order,
// and finds one message and one answer in the end. Along the way it says how far the turn is, for whoever wants to kill.
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { compareEventIds, parseEventId } from '../../domain/event-id.ts'
import type { ApiAnswer, ApiClient } from './api-client.ts'
import { type Random, type Tally, countFaults } from './chaos.ts'
import { type TurnView, followTurnPersistently } from './follow.ts'
import { numberedTokens } from './mock-upstream.ts'

/** −2: the request goes out; −1: it is answered; 0: the model is asked; k: k tokens are seen; one more: the commit. */
export type TurnPoint = number

/** Anywhere in a turn's life, with its two ends, where things are made and committed, more often than chance has it. */
export function drawTurnPoint(random: Random, tokens: number): TurnPoint {
  const where = random.next()
  if (where < 0.2) return random.between(-2, 0)
  if (where < 0.4) return random.between(tokens - 1, tokens + 1)
  return random.between(1, tokens - 1)
}

const deadlineMs = 120_000
const refused: ReadonlySet<number> = new Set([409, 503])

type Answer = ApiAnswer<Record<string, any>> // eslint-disable-line typescript/no-explicit-any -- a test reads what it expects

/** Asks again while nobody answers, or while the answer is that a service is away or the same request is under way. */
export async function persistently(ask: () => Promise<Answer>): Promise<Answer> {
  const deadline = Date.now() + deadlineMs
  for (;;) {
    const answer = await ask().catch(() => undefined)
    if (answer !== undefined && answer.status < 400) return answer
    if (answer !== undefined && !refused.has(answer.status))
      throw new Error(`answered ${answer.status}: ${JSON.stringify(answer.body)}`)
    if (Date.now() > deadline) throw new Error('nobody answered')
    await pause(50)
  }
}

const tokensIn = (text: string): string[] => text.match(/\d{4} /g) ?? []

function pointOf(view: TurnView, tokens: number): TurnPoint {
  const last = view.events.at(-1)?.event
  if (view.ending !== undefined || last === 'usage.reported') return tokens + 1
  return Math.min(tokensIn(view.text).length, tokens)
}

function countIds(tally: Tally, ids: readonly string[]): void {
  for (const [index, id] of ids.entries()) {
    const [before, now] = [parseEventId(ids[index - 1] ?? ''), parseEventId(id)]
    if (now === undefined || (before !== undefined && compareEventIds(now, before) <= 0)) tally.outOfOrder += 1
  }
}

async function countMessages(tally: Tally, client: ApiClient, chat: string, content: string): Promise<void> {
  const { body } = await persistently(() => client.get(`/chats/${chat}/messages`))
  for (const [role, text] of [['user', undefined] as const, ['assistant', content] as const]) {
    const found = body['data'].filter((message: { role: string }) => message.role === role)
    const whole = found.filter((message: { content: string }) => text === undefined || message.content === text)
    if (whole.length === 0) tally.messagesLost += 1
    tally.messagesDuplicated += Math.max(0, found.length - 1)
  }
}

export interface CheckedTurn {
  readonly client: ApiClient
  /** Where the stream is read from, when that is another API; asked at every connection. */
  readonly reader?: () => ApiClient
  /** What the upstream answers with numbered tokens, and how many. */
  readonly content: string
  readonly tokens: number
  /** Called whenever the turn gets further, with rising points, until the client has seen the end. */
  readonly onPoint?: (point: TurnPoint) => void
}

/** Runs one turn to its end in a chat of its own, and adds what went wrong. */
export async function runCheckedTurn(tally: Tally, turn: CheckedTurn): Promise<void> {
  const { client, tokens, content } = turn
  const onPoint = turn.onPoint ?? (() => {})
  tally.turns += 1
  const chat = (await persistently(() => client.post('/chats'))).body['chat'].id
  const headers = { 'idempotency-key': randomUUID() }
  const created = persistently(() => client.post(`/chats/${chat}/turns`, { content }, headers))
  onPoint(-2)
  const { body } = await created
  onPoint(-1)
  const view = await followTurnPersistently(turn.reader ?? client, body['eventsUrl'], {
    deadlineMs,
    onEvent: (seen) => onPoint(seen.events.length < 2 ? -1 : pointOf(seen, tokens)),
  })
  const expected = numberedTokens(tokens)
  countFaults(tally, tokensIn(expected), tokensIn(view.text))
  countIds(tally, view.ids)
  if (view.ending?.event !== 'turn.completed') throw new Error(`the turn ended with ${JSON.stringify(view.ending)}`)
  await countMessages(tally, client, chat, expected)
}
