// What the running platform consists of right now, and the two things that follow from it when a part comes or goes:
// `run.json`, and another worker's leave to take over what a dead one did.
import { hostname } from 'node:os'
import type { Client } from '@temporalio/client'
import type { Config } from '../../platform/config.ts'
import { releaseActivities } from '../../platform/embedded/release-activities.ts'
import { loadPlatformKeys } from '../../platform/keys.ts'
import { describeError, type Logger } from '../../platform/logger.ts'
import { createTemporalClient } from '../../platform/temporal/temporal-client.ts'
import type { Application } from './application.ts'
import type { EmbeddedParts } from './embedded-parts.ts'
import type { ProcessRegistry, ProcessRole } from './process-registry.ts'
import type { Progress } from './progress.ts'
import { writeRunFile } from './run-file.ts'
import type { SupervisorLock } from './supervisor-lock.ts'

export interface PlatformSupervisorOptions {
  readonly config: Config
  readonly environment: NodeJS.ProcessEnv
  /** Of the application's processes. */
  readonly logLevel: string
  readonly log: Logger
  readonly progress: Progress
}

export interface PlatformState {
  readonly options: PlatformSupervisorOptions
  readonly registry: ProcessRegistry
  /** Aborted when a stop is asked for while the start is under way. */
  readonly starting: AbortController
  /** Without it the data directory is somebody else's: nothing in it is touched. */
  lock?: SupervisorLock
  /** Everything was killed: an orderly stop that is still under way has nothing left to do. */
  isKilled?: boolean
  parts?: EmbeddedParts
  /** Set while the platform is ready, so that `run.json` is there just then. */
  application?: Application
  client?: Client
}

export function temporalAddress({ options, parts }: PlatformState): string {
  return parts?.temporal?.address ?? options.config.temporal.address ?? ''
}

export function refreshRunFile(state: PlatformState): void {
  const { application, parts, options } = state
  if (application === undefined) return
  writeRunFile(options.config.dataDir, {
    apiUrl: application.apiUrl,
    temporalUiUrl: parts?.temporal?.uiUrl ?? null,
    temporalAddress: temporalAddress(state),
    processes: {
      supervisor: process.pid,
      ...application.pids(),
      database: parts?.database?.pid ?? null,
      temporal: parts?.temporal?.pid ?? null,
    },
  })
}

export function recordSpawn(state: PlatformState, role: ProcessRole, pid: number): void {
  void state.registry.record(role, pid).then(() => refreshRunFile(state))
}

/** Lets another worker take over what a dead one did, instead of waiting for its heartbeats to be overdue. */
export async function releaseWorker(state: PlatformState, pid: number): Promise<void> {
  const { config, log } = state.options
  if (state.parts?.temporal === undefined) return
  try {
    state.client ??= await createTemporalClient(
      { ...config, temporal: { ...config.temporal, address: temporalAddress(state) } },
      await loadPlatformKeys({ config, log }),
    )
    const result = await releaseActivities({ client: state.client, deadIdentity: `${pid}@${hostname()}` })
    log.info({ pid, ...result }, 'released what a dead worker did')
  } catch (error) {
    log.warn({ pid, err: describeError(error) }, 'what a dead worker did waits for its heartbeat to be overdue')
  }
}
