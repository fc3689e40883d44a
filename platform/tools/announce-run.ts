// Tells those who follow a run, or the turn whose model called it, what has been committed.
import type { ToolEvent } from '../../domain/chat/turn-event.ts'
import type { StoredProblem } from '../../domain/errors.ts'
import { hasEnded, type ToolExecution } from '../../domain/tools/execution.ts'
import type { Platform } from '../platform.ts'
import { announceNotifications } from '../notifications/announce-notifications.ts'
import { executionChannel } from '../stream/bus.ts'
import { publishToolEvent } from '../stream/publish-tool-event.ts'

/** What a transaction has changed: to be told of after its commit. */
export interface Told {
  readonly execution: ToolExecution | undefined
  readonly notified: readonly string[]
}

export type AnnouncePlatform = Pick<Platform, 'bus' | 'log' | 'streams'>

function completed({ id: executionId, callId, status, result, problem }: ToolExecution): ToolEvent {
  const call = { callId: callId ?? '', executionId, status }
  // What is stored is ours, so that its code is one of the registry.
  if (problem !== null) return { type: 'tool.completed', data: { ...call, problem: problem as StoredProblem } }
  return { type: 'tool.completed', data: { ...call, result: result ?? null } }
}

/** Never rejects: whoever misses it sees the rows at the next look. */
export async function announceRun(
  platform: AnnouncePlatform,
  { execution, notified }: Told,
  events: readonly ToolEvent[] = [],
): Promise<void> {
  await announceNotifications(platform, notified)
  if (execution === undefined) return
  const { id, turnId, step, status } = execution
  await platform.bus
    .publish(executionChannel(id), { executionId: id })
    .catch((error: unknown) => platform.log.warn({ err: error }, 'a run’s change wasn’t announced'))
  if (turnId === null || step === null) return
  for (const event of hasEnded(status) ? [...events, completed(execution)] : events) {
    await publishToolEvent(platform, { turnId, step }, event)
  }
}
