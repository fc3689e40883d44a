// Starts the whole platform and ends it: in the opposite order of its start and within a time limit, because a person
// at a terminal, and a system that shuts down, wait for it.
import { setTimeout as delay } from 'node:timers/promises'
import { describeError } from '../../platform/logger.ts'
import type { PlatformState, PlatformSupervisorOptions } from './platform-state.ts'
import { createProcessRegistry } from './process-registry.ts'
import type { Administrator } from './ready-block.ts'
import { removeRunFile } from './run-file.ts'
import { type StartedPlatform, startParts } from './start-parts.ts'

export interface PlatformSupervisor {
  /** Throws what kept a part from starting, after everything that had started was stopped. */
  start(onAdministrator: (administrator: Administrator) => void): Promise<StartedPlatform>
  /** Also ends a start that is under way. No process is left when it resolves; safe to call twice. */
  stop(): Promise<void>
  /** Kills every process at once; the caller must exit when it resolves, or they are started again. */
  kill(): Promise<void>
}

/** The whole stop takes at most this after the workers' grace time: 10 s by default. */
const afterGraceMs = 4_500

/** In order: whoever uses a part stops before it. A part that fails to stop doesn't keep the others running. */
async function stopParts(state: PlatformState): Promise<void> {
  const { application, parts, client, lock, options } = state
  if (lock === undefined) return
  delete state.application
  removeRunFile(options.config.dataDir)
  const steps = [
    () => application?.stop(),
    () => parts?.temporal?.stop(),
    () => parts?.database?.stop(),
    // Last, for a call that waits for its next try fails in a timer on a closed connection: nobody could catch that.
    () => client?.connection.close(),
  ]
  for (const step of steps) {
    await Promise.resolve(step()).catch((error: unknown) =>
      options.log.warn({ err: describeError(error) }, 'a part of the platform didn’t stop cleanly'),
    )
  }
  // What was killed releases the lock itself: by now it may be another platform's.
  if (state.isKilled === true) return
  state.registry.clear()
  lock.release()
}

async function killParts(state: PlatformState): Promise<void> {
  if (state.lock === undefined || state.isKilled === true) return
  state.isKilled = true
  removeRunFile(state.options.config.dataDir)
  await state.registry.killAll()
  state.lock.release()
}

export function createPlatformSupervisor(options: PlatformSupervisorOptions): PlatformSupervisor {
  const state: PlatformState = {
    options,
    registry: createProcessRegistry(options.config.dataDir),
    starting: new AbortController(),
  }
  let startSettled: Promise<unknown> = Promise.resolve()
  let stopped: Promise<void> | undefined
  const stop = (): Promise<void> => (stopped ??= stopParts(state))
  return {
    start: (onAdministrator) => {
      const started = startParts(state, onAdministrator)
      startSettled = started.catch(() => {})
      return started.catch(async (error: unknown) => {
        await stop()
        throw error
      })
    },
    stop: async () => {
      state.starting.abort()
      const orderly = startSettled.then(stop)
      const limit = delay(options.config.shutdownGraceMs + afterGraceMs, 'late' as const, { ref: false })
      if ((await Promise.race([orderly, limit])) === 'late') await killParts(state)
    },
    kill: () => killParts(state),
  }
}
