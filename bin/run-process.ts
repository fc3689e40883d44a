// The life of one of the application's processes: configuration, platform, its parts, then SIGTERM or the loss of its
// supervisor and an orderly end. A part that can't go on ends the process, for whoever supervises it to start it again.
import { ConfigError, loadConfig } from '../platform/config.ts'
import { createPlatform } from '../platform/create-platform.ts'
import { StartError } from '../platform/embedded/start-error.ts'
import { describeError, type Logger } from '../platform/logger.ts'
import type { Platform } from '../platform/platform.ts'
import { requireServices, type ServiceVariable } from './required-services.ts'
import { onStopRequests } from './supervisor/stop-signals.ts'

export interface ServingPart {
  readonly apiUrl?: string
  /** Rejects when the part can't go on. */
  readonly done?: Promise<void>
  stop(): Promise<void>
}

/** After the grace time, what was cancelled gets this long to end. */
const afterGraceMs = 5_000

function explain(error: unknown): string {
  if (error instanceof ConfigError || error instanceof StartError) return error.message
  return JSON.stringify(describeError(error))
}

function failWith(log: Logger): (error: unknown) => void {
  return (error) => {
    log.fatal({ err: describeError(error) }, 'the process can’t go on')
    process.exit(1)
  }
}

/** Ends the parts, then the platform; exits 0 when all of them ended in time. */
async function stopAll(platform: Platform, parts: readonly ServingPart[]): Promise<void> {
  const limit = setTimeout(() => process.exit(1), platform.config.shutdownGraceMs + afterGraceMs)
  await Promise.all(parts.map((part) => part.stop()))
  await platform.close()
  clearTimeout(limit)
  process.exit(0)
}

/** Runs `serve`'s parts until a stop is asked for. Exits 1, with the reason on stderr, when they can't start. */
export async function runProcess(options: {
  /** Stands in the logs. */
  readonly name: string
  readonly requires: readonly ServiceVariable[]
  serve(platform: Platform): Promise<readonly ServingPart[]>
}): Promise<void> {
  // Before there is anything to stop in order, ending is enough.
  let stop = (): void => process.exit(0)
  onStopRequests({ stop: () => stop() })
  try {
    const config = loadConfig()
    requireServices(config, options.requires)
    const platform = await createPlatform(config, { name: options.name })
    const fail = failWith(platform.log)
    process.on('uncaughtException', fail)
    await platform.vault.requireOpen().catch((error: unknown) => {
      platform.log.error({ err: error }, 'the vault isn’t open; everything else serves')
    })
    const parts = await options.serve(platform)
    stop = () => void stopAll(platform, parts).catch(fail)
    for (const part of parts) part.done?.catch(fail)
    const apiUrl = parts.find((part) => part.apiUrl !== undefined)?.apiUrl
    process.send?.({ type: 'ready', ...(apiUrl !== undefined && { apiUrl }) })
  } catch (error) {
    process.stderr.write(`${explain(error)}\n`)
    process.exit(1)
  }
}
