// Brings back what a turn's stream has lost while the turn waits for approvals: who follows it must see what it waits for.
import { findPendingRequests } from '../../db/chat/pending-requests.ts'
import { toolEpoch } from '../../domain/chat/turn-event.ts'
import type { Context } from '../../platform/platform.ts'
import type { StreamEntry } from '../../platform/stream/turn-stream.ts'

/**
 * Under ids that come of the rows, so that any number of followers may do it at once. No effect on a stream that holds
 * anything: it has the requests too. A stream that can't be reached is tried again at the follower's next look.
 */
export async function restoreRequests({ db, streams }: Pick<Context, 'db' | 'streams'>, turnId: string): Promise<void> {
  if (!(await streams.isEmpty(turnId).catch(() => false))) return
  const entries: StreamEntry[] = []
  for (const { step, createdAt, ...request } of await findPendingRequests(db, turnId)) {
    const last = entries.at(-1)?.id
    const least = last?.epoch === toolEpoch(step) ? last.sequence + 1 : 0
    entries.push({
      id: { epoch: toolEpoch(step), sequence: Math.max(createdAt.getTime(), least) },
      event: {
        type: 'approval.requested',
        data: { ...request, step, expiresAt: request.expiresAt.toISOString() },
      },
    })
  }
  await streams.append(turnId, entries).catch(() => {})
}
