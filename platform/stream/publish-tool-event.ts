// Publishes what becomes of a turn's tool calls. Several calls of one step run in different processes at once, so that the
// stream, not the publisher, gives their events' ids.
import { setTimeout as pause } from 'node:timers/promises'
import { type StepPosition, type ToolEvent, type TurnEvent, toolEpoch } from '../../domain/chat/turn-event.ts'
import type { Logger } from '../logger.ts'
import type { TurnStream } from './turn-stream.ts'

const firstRetryMs = 50
const slowestRetryMs = 1_000
/** A call's outcome is in its row: followers must only wait for it longer without the event. */
const patienceMs = 5_000

export interface ToolEventPlace extends Pick<StepPosition, 'step'> {
  readonly turnId: string
}

const inStep = ({ type, data }: ToolEvent, step: number): TurnEvent => ({ type, data: { ...data, step } }) as TurnEvent

/** Tries again for some seconds. Never rejects. */
export async function publishPatiently(
  { log, turnId }: { readonly log: Logger; readonly turnId: string },
  publish: () => Promise<void>,
): Promise<void> {
  const giveUpAt = performance.now() + patienceMs
  for (let retryMs = firstRetryMs; ; retryMs = Math.min(retryMs * 2, slowestRetryMs)) {
    try {
      return await publish()
    } catch (error) {
      if (retryMs === firstRetryMs) log.warn({ err: error, turnId }, 'a tool call’s event can’t be published for now')
      if (performance.now() >= giveUpAt) return
      await pause(retryMs)
    }
  }
}

/** Resolves when it is out, or was given up after some seconds without Redis. Never rejects. */
export const publishToolEvent = (
  { streams, log }: { readonly streams: Pick<TurnStream, 'appendAt'>; readonly log: Logger },
  { turnId, step }: ToolEventPlace,
  event: ToolEvent,
): Promise<void> =>
  publishPatiently({ log, turnId }, () => streams.appendAt(turnId, toolEpoch(step), [inStep(event, step)]))
