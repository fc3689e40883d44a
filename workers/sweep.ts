// The sweep: starts the workflows of turns, documents and mails whose row was committed, but whose start a crash or an outage
// swallowed, and takes care of work whose workflow was lost. Starting is idempotent, so any number of workers may sweep at once.
import { createEndTurn } from '../activities/chat/end-turn.ts'
import { listUnsentLinks, purgePasswordLinks } from '../db/auth/password-links.ts'
import { purgeSessions } from '../db/auth/sessions.ts'
import { listOverdueTurns, listUnstartedTurns } from '../db/chat/turns.ts'
import { purgeIdempotencyKeys } from '../db/http/idempotency-keys.ts'
import { listStalledDocuments } from '../db/documents/ingestion.ts'
import { purgeNotifications } from '../db/notifications/notifications.ts'
import { purgeResults } from '../db/tools/results.ts'
import { listStalledRotations } from '../db/vault/rotations.ts'
import { AppError } from '../domain/errors.ts'
import type { QueueName } from '../domain/task-queues.ts'
import { targetTimeoutMs } from '../domain/vault/rotation-target.ts'
import type { Platform } from '../platform/platform.ts'
import { startWorkflow } from '../platform/temporal/start-workflow.ts'
import { sendPasswordMailStart } from '../workflows/auth/messages.ts'
import { chatTurnStart } from '../workflows/chat/messages.ts'
import { ingestDocumentStart } from '../workflows/documents/messages.ts'
import { rotateSecretStart } from '../workflows/vault/messages.ts'
import { purgeExpiredSecrets } from './purge-expired-secrets.ts'
import { endLostExecutions, startExecutions } from './sweep-executions.ts'

type SweepPlatform = Pick<Platform, 'db' | 'temporal' | 'config' | 'log' | 'streams' | 'bus' | 'vault'>

const everyMs = 5_000
/** Younger rows are about to be started by the request that made them. */
const olderThanSeconds = 5
/** Longer than a step of an ingestion stays silent as a rule; starting one that runs still does nothing. */
const silentSeconds = 600

async function startTurns(platform: SweepPlatform): Promise<void> {
  const { turnTimeoutMs } = platform.config
  for (const { turnId, userId } of await listUnstartedTurns(platform.db, olderThanSeconds)) {
    const runs = await startWorkflow(platform, chatTurnStart({ turnId, stepTimeoutMs: turnTimeoutMs }, userId))
    // Its workflow was ended from outside before it did anything, and never runs again.
    if (!runs) await endLostTurn(platform, turnId)
  }
}

/** No effect on a turn that has ended meanwhile. */
async function endLostTurn(platform: SweepPlatform, turnId: string): Promise<void> {
  const { code, title } = new AppError('internal')
  const problem = { code, title, detail: 'The work on this turn was lost. Ask again, or retry the turn.' }
  await createEndTurn(platform)({ turnId, status: 'failed', problem })
}

/** A step can't outlive its timeout: a turn that has no step and no tool under way long after it has lost its workflow. */
async function endOverdueTurns(platform: SweepPlatform): Promise<void> {
  const overdueSeconds = platform.config.turnTimeoutMs / 1_000 + silentSeconds
  for (const turnId of await listOverdueTurns(platform.db, overdueSeconds)) await endLostTurn(platform, turnId)
}

async function startDocuments(platform: SweepPlatform): Promise<void> {
  const stalled = await listStalledDocuments(platform.db, { queuedSeconds: olderThanSeconds, silentSeconds })
  for (const { documentId, run, ownerId } of stalled) {
    await startWorkflow(platform, ingestDocumentStart({ documentId, run }, ownerId))
  }
}

async function startRotations(platform: SweepPlatform): Promise<void> {
  const stalled = await listStalledRotations(platform.db, { queuedSeconds: olderThanSeconds, silentSeconds })
  for (const { secretId, trigger, rotator } of stalled) {
    const input = { secretId, trigger, targetTimeoutMs: targetTimeoutMs(rotator, platform.config) }
    await startWorkflow(platform, rotateSecretStart(input, secretId))
  }
}

async function startPasswordMails(platform: SweepPlatform): Promise<void> {
  for (const { linkId, userId } of await listUnsentLinks(platform.db, olderThanSeconds)) {
    await startWorkflow(platform, sendPasswordMailStart({ linkId }, userId))
  }
}

/** Runs at once and then every few seconds, one round at a time. */
export function startSweep(platform: SweepPlatform, queues: readonly QueueName[]): { stop(): void } {
  const rounds = [
    ...(queues.includes('llm') ? [startTurns, endOverdueTurns] : []),
    ...(queues.includes('tools') ? [startExecutions, endLostExecutions] : []),
    ...(queues.includes('documents') ? [startDocuments] : []),
    ...(queues.includes('rotation') ? [startRotations] : []),
    ...(queues.includes('operations') ? [purgeExpiredSecrets, startPasswordMails] : []),
    ({ db }: SweepPlatform) => purgeIdempotencyKeys(db).then(() => {}),
    ({ db }: SweepPlatform) => purgeNotifications(db).then(() => {}),
    ({ db }: SweepPlatform) => purgeResults(db).then(() => {}),
    ({ db }: SweepPlatform) => purgeSessions(db).then(() => {}),
    ({ db }: SweepPlatform) => purgePasswordLinks(db).then(() => {}),
  ]
  let busy = false
  let stopped = false
  const sweep = async (): Promise<void> => {
    if (busy) return
    busy = true
    try {
      for (const round of rounds) if (!stopped) await round(platform)
    } catch (error) {
      platform.log.warn({ err: error }, 'a sweep failed; the next one tries again')
    } finally {
      busy = false
    }
  }
  void sweep()
  const timer = setInterval(() => void sweep(), everyMs)
  return {
    stop: () => {
      stopped = true
      clearInterval(timer)
    },
  }
}
