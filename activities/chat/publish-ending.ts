// Tells the followers of a turn how it ended, from what Postgres says.
import { type EndedTurn, endingEntries } from '../../domain/chat/turn-ending.ts'
import type { Platform } from '../../platform/platform.ts'

/** `withSnapshot`: deltas may be missing from the stream, so the whole message goes before the end. Never throws. */
export async function publishEnding(
  { streams, log }: Pick<Platform, 'streams' | 'log'>,
  turnId: string,
  { ended, withSnapshot }: { readonly ended: EndedTurn; readonly withSnapshot: boolean },
): Promise<void> {
  const entries = endingEntries(ended)
  try {
    await streams.append(turnId, withSnapshot ? entries : entries.slice(-1))
    await streams.expire(turnId)
  } catch (error) {
    log.warn({ err: error, turnId }, 'a turn’s end wasn’t published; followers see it at their next look')
  }
}
