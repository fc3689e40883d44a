// The parts that stand in for real services: Postgres and Temporal, each unless its address is configured. They start
// at the same time; if one of them can't, neither is left running.
import { type EmbeddedDatabase, startEmbeddedDatabase } from '../../platform/embedded/embedded-database.ts'
import { cacheDirectory, resolveTemporalCli } from '../../platform/embedded/temporal-cli.ts'
import { startTemporalServer, type TemporalServer } from '../../platform/embedded/temporal-server.ts'
import type { Config } from '../../platform/config.ts'
import type { Logger } from '../../platform/logger.ts'
import type { Progress } from './progress.ts'
import type { ProcessRole } from './process-registry.ts'

export interface EmbeddedParts {
  readonly database: EmbeddedDatabase | undefined
  readonly temporal: TemporalServer | undefined
}

export interface EmbeddedPartsOptions {
  readonly config: Config
  readonly environment: NodeJS.ProcessEnv
  readonly progress: Progress
  readonly log: Logger
  readonly signal: AbortSignal
  /** Where the Web UI of the embedded Temporal has payloads decoded. */
  readonly codecEndpoint: string | undefined
  onSpawn(role: ProcessRole, pid: number): void
}

async function startTemporal(options: EmbeddedPartsOptions, signal: AbortSignal): Promise<TemporalServer> {
  const { config, environment, progress, log } = options
  const cliPath = await resolveTemporalCli({
    cliPath: config.temporal.cliPath,
    environment,
    progress: (line) => progress.line(`  ${line}`),
    signal,
  })
  return startTemporalServer({
    cliPath,
    dataDir: config.dataDir,
    namespace: config.temporal.namespace,
    uiPort: config.temporal.uiPort,
    codecEndpoint: options.codecEndpoint,
    log,
    onSpawn: (pid) => options.onSpawn('temporal', pid),
  })
}

/** Throws the first part's error; then the other one has been stopped. */
export async function startEmbeddedParts(options: EmbeddedPartsOptions): Promise<EmbeddedParts> {
  const { config, environment, progress, log } = options
  const failed = new AbortController()
  const signal = AbortSignal.any([options.signal, failed.signal])
  const orGiveUp = <T>(work: Promise<T>): Promise<T> =>
    work.catch((error: unknown) => {
      failed.abort()
      throw error
    })
  const [database, temporal] = await Promise.allSettled([
    config.database.url === undefined
      ? orGiveUp(
          progress.step('database', () =>
            startEmbeddedDatabase({
              directory: config.dataDir,
              log,
              cacheDirectory: cacheDirectory(environment),
              onSpawn: (pid) => options.onSpawn('database', pid),
            }),
          ),
        )
      : undefined,
    config.temporal.address === undefined
      ? orGiveUp(progress.step('temporal', () => startTemporal(options, signal)))
      : undefined,
  ])
  if (database.status === 'fulfilled' && temporal.status === 'fulfilled') {
    return { database: database.value, temporal: temporal.value }
  }
  if (temporal.status === 'fulfilled') await temporal.value?.stop()
  if (database.status === 'fulfilled') await database.value?.stop()
  throw database.status === 'rejected' ? database.reason : (temporal as PromiseRejectedResult).reason
}
