// One streamed call to a provider, the same for every driver: connect, read frame by frame, end with usage and finish.
// What differs (the SDK's call, the frames' shape, the errors) is handed in.
import type { Usage } from '../../domain/chat/chat.ts'
import type { ModelToolCall } from '../../domain/chat/model-message.ts'
import type { AppError } from '../../domain/errors.ts'
import type { FinishReason, ModelEvent, ModelRequest } from './language-model.ts'
import { beginTimeout, guardRequest } from './request-guard.ts'
import { estimateUsage } from './usage.ts'

export interface FinishedAnswer {
  readonly calls: readonly ModelToolCall[]
  readonly reason: FinishReason
  /** The provider's own, or undefined when it sent none. */
  readonly usage: Usage | undefined
  /** All that the model wrote, for counting. */
  readonly written: string
}

/** Reads the frames of one answer. Frames are checked, not trusted: compatible servers differ in what they leave out. */
export interface AnswerReader {
  /** The events of one frame. Throws AppError `llm.unavailable` when it isn't one. */
  read(frame: unknown): ModelEvent[]
  /** After the last frame. Throws AppError `llm.unavailable` when the provider hasn't finished the answer. */
  finish(): FinishedAnswer
}

export interface ProviderCall {
  readonly request: ModelRequest
  /** The caller's. */
  readonly signal: AbortSignal
  readonly stallTimeoutMs: number
  /** The model may be silent for longer before its first word: it thinks unseen, or is loaded first. */
  readonly isSlowToBegin: boolean
  /** Sends the request; `signal` ends it. */
  readonly open: (signal: AbortSignal) => Promise<AsyncIterable<unknown>>
  readonly reader: AnswerReader
  readonly toError: (error: unknown) => AppError
}

export async function* streamAnswer(call: ProviderCall): AsyncGenerator<ModelEvent, void, undefined> {
  const { request, signal, stallTimeoutMs, reader } = call
  const guard = guardRequest({ signal, stallTimeoutMs, toError: call.toError })
  try {
    let patienceMs = call.isSlowToBegin ? beginTimeout(stallTimeoutMs) : stallTimeoutMs
    const frames = (await guard.wait(call.open(guard.signal), patienceMs))[Symbol.asyncIterator]()
    let next = await guard.wait(frames.next(), patienceMs)
    while (next.done !== true) {
      const events = reader.read(next.value)
      if (events.length > 0) patienceMs = stallTimeoutMs
      yield* events
      next = await guard.wait(frames.next(), patienceMs)
    }
    const { calls, reason, usage, written } = reader.finish()
    for (const made of calls) yield { type: 'tool-call', call: made }
    yield { type: 'usage', usage: usage ?? estimateUsage(request, written) }
    yield { type: 'finish', reason }
  } finally {
    guard.release()
  }
}
