// Starts the platform's parts in order: what a killed supervisor left is ended first, then come the embedded parts,
// the schema, and the application last, so that it never meets a half-ready database.
import { mkdirSync } from 'node:fs'
import { type Application, startApplication } from './application.ts'
import { applicationEnvironment } from './application-environment.ts'
import { chooseCodecEndpoint, warnOfOtherPort } from './codec-endpoint.ts'
import { startEmbeddedParts } from './embedded-parts.ts'
import { type PlatformState, recordSpawn, refreshRunFile, releaseWorker, temporalAddress } from './platform-state.ts'
import { endLeftovers, type ProcessRole, type RegisteredProcess } from './process-registry.ts'
import type { Administrator } from './ready-block.ts'
import { removeRunFile } from './run-file.ts'
import { acquireSupervisorLock } from './supervisor-lock.ts'

export interface StartedPlatform {
  readonly apiUrl: string
  /** Null where Temporal isn't the platform's own. */
  readonly temporalUiUrl: string | null
}

/** What a worker needs after its grace time: it cancels what still runs. */
const afterGraceMs = 2_500

interface Prepared {
  readonly databaseUrl: string
  readonly administrator?: Administrator
}

async function takeDataDirectory(state: PlatformState, stopMs: number): Promise<RegisteredProcess[]> {
  const { dataDir } = state.options.config
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  state.lock = await acquireSupervisorLock(dataDir)
  removeRunFile(dataDir)
  return endLeftovers({ dataDir, graceMs: stopMs, log: state.options.log })
}

/** What migrations need takes long to load, so that is done while the embedded parts start. */
const loadPreparation = () => import('../prepare-database.ts')

async function prepareSchema(
  state: PlatformState,
  { prepareDatabase }: Awaited<ReturnType<typeof loadPreparation>>,
): Promise<Prepared> {
  const { config, log, progress } = state.options
  const embedded = state.parts?.database
  const databaseUrl = embedded?.applicationUrl ?? config.database.url?.reveal() ?? ''
  const ownerUrl = embedded?.ownerUrl ?? config.database.ownerUrl?.reveal() ?? databaseUrl
  const prepared = await progress.step('schema', () =>
    prepareDatabase(config, { ownerUrl, applicationUrl: databaseUrl, embedded: embedded !== undefined, log }),
  )
  return { databaseUrl, ...(prepared.administrator && { administrator: prepared.administrator }) }
}

function startApplicationProcesses(
  state: PlatformState,
  options: { readonly databaseUrl: string; readonly port: number | undefined; readonly stopMs: number },
): Promise<Application> {
  const { config, environment, log, logLevel } = state.options
  const { databaseUrl, port, stopMs } = options
  return startApplication({
    split: config.redisUrl !== undefined,
    environment: applicationEnvironment({
      environment,
      config,
      databaseUrl,
      temporalAddress: temporalAddress(state),
      temporalUiUrl: state.parts?.temporal?.uiUrl,
      logLevel,
    }),
    port,
    stopMs,
    log,
    onSpawn: (role, pid) => recordSpawn(state, role, pid),
    onDeath: (role, pid) => {
      refreshRunFile(state)
      if (role !== 'api') void releaseWorker(state, pid)
    },
  })
}

/** Throws what kept a part from starting; the parts that had started are in the state and still run. */
export async function startParts(
  state: PlatformState,
  onAdministrator: (made: Administrator) => void,
): Promise<StartedPlatform> {
  const { config, log, environment, progress } = state.options
  const { signal } = state.starting
  const stopMs = config.shutdownGraceMs + afterGraceMs
  const leftovers = await takeDataDirectory(state, stopMs)
  const { port } = config.http
  const codecEndpoint = await chooseCodecEndpoint(config)
  const onSpawn = (role: ProcessRole, pid: number): void => recordSpawn(state, role, pid)
  const preparation = loadPreparation()
  // A fault in loading shows where it is awaited; until then nobody listens.
  preparation.catch(() => undefined)
  state.parts = await startEmbeddedParts({ config, environment, progress, log, signal, codecEndpoint, onSpawn })
  signal.throwIfAborted()
  const { databaseUrl, administrator } = await prepareSchema(state, await preparation)
  if (administrator !== undefined) onAdministrator(administrator)
  signal.throwIfAborted()
  // Before new workers start: in a container a new one can have the very pid of a dead one.
  for (const { role, pid } of leftovers) {
    if (role === 'application' || role === 'worker') await releaseWorker(state, pid)
  }
  state.application = await progress.step('application', () =>
    startApplicationProcesses(state, { databaseUrl, port, stopMs }),
  )
  signal.throwIfAborted()
  warnOfOtherPort({ codecEndpoint, apiUrl: state.application.apiUrl, log })
  refreshRunFile(state)
  return { apiUrl: state.application.apiUrl, temporalUiUrl: state.parts.temporal?.uiUrl ?? null }
}
