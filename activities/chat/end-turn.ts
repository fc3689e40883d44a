// Ends a turn whose model step can't: it failed for good, or was cancelled before it began.
import { endTurn } from '../../db/chat/turn-work.ts'
import type { StoredProblem } from '../../domain/errors.ts'
import type { Platform } from '../../platform/platform.ts'
import { publishEnding } from './publish-ending.ts'

export type EndTurnInput = { readonly turnId: string } & (
  | { readonly status: 'cancelled' }
  | { readonly status: 'failed'; readonly problem: StoredProblem }
)

export const createEndTurn =
  (platform: Pick<Platform, 'db' | 'streams' | 'log'>) =>
  async ({ turnId, ...ending }: EndTurnInput): Promise<void> => {
    const ended = await endTurn(
      platform.db,
      turnId,
      ending.status === 'cancelled' ? { ...ending, answer: null } : ending,
    )
    if (ended !== undefined) await publishEnding(platform, turnId, { ended, withSnapshot: true })
  }
