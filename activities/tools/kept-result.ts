// Whether an earlier result answers a call: only where nothing is changed by running it, and for the same account.
import type { Db } from '../../db/database.ts'
import { findResult, keepResult } from '../../db/tools/results.ts'
import type { ExecutionWork } from '../../db/tools/execution-work.ts'
import { resultKeyOf } from '../../platform/tools/arguments-hash.ts'

const isKept = ({ tool }: ExecutionWork): boolean => !tool.sideEffects && tool.cacheTtlSeconds > 0

const keyOf = ({ tool, arguments: args, requesterId }: ExecutionWork): string =>
  resultKeyOf({ versionId: tool.versionId, arguments: args, userId: requesterId })

/** Undefined where the call has to run. */
export async function findKeptResult(db: Db, work: ExecutionWork): Promise<{ readonly result: unknown } | undefined> {
  return isKept(work) && !work.noCache ? findResult(db, keyOf(work)) : undefined
}

export async function keepResultOf(tx: Db, work: ExecutionWork, result: unknown): Promise<void> {
  if (!isKept(work)) return
  const { versionId, cacheTtlSeconds: ttlSeconds } = work.tool
  await keepResult(tx, { key: keyOf(work), versionId, result, ttlSeconds })
}
