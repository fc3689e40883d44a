// Which of a step's tool runs are still under way: asked by a turn whose runs were started by somebody else.
import { findUnended } from '../../db/chat/tool-calls.ts'
import type { Platform } from '../../platform/platform.ts'

export const createFindUnendedExecutions =
  ({ db }: Pick<Platform, 'db'>) =>
  ({ executionIds }: { readonly executionIds: readonly string[] }): Promise<string[]> =>
    findUnended(db, executionIds)
