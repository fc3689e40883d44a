// The one-command platform: everything that CDSA needs, started and kept alive from this terminal. What isn't
// configured to be a real service is embedded, so that Node alone is enough.
import { ConfigError, loadConfig } from '../platform/config.ts'
import { StartError } from '../platform/embedded/start-error.ts'
import { createLogger, describeError } from '../platform/logger.ts'
import { createPlatformSupervisor } from './supervisor/platform-supervisor.ts'
import { createProgress } from './supervisor/progress.ts'
import { type Administrator, administratorNotice, readyBlock } from './supervisor/ready-block.ts'
import { onStopRequests } from './supervisor/stop-signals.ts'

const killedByUser = 130

function explain(error: unknown): string {
  if (error instanceof ConfigError || error instanceof StartError) return error.message
  return `CDSA couldn't start: ${JSON.stringify(describeError(error), undefined, 2)}`
}

async function runPlatform(): Promise<void> {
  const config = loadConfig()
  // On a terminal the requests' log lines would bury what the person came for.
  const quiet = process.stdout.isTTY && (process.env['LOG_LEVEL'] ?? '') === ''
  const logLevel = quiet ? 'warn' : config.logLevel
  const log = createLogger({ level: logLevel, name: 'platform' })
  const progress = createProgress({ write: (text) => process.stdout.write(text) })
  const supervisor = createPlatformSupervisor({ config, environment: process.env, logLevel, log, progress })
  let stopping = false
  let killing = false
  const stop = async (): Promise<void> => {
    stopping = true
    progress.line('Stopping …')
    await supervisor.stop()
    // A kill that was asked for meanwhile ends the process itself.
    if (killing) return
    progress.line('Stopped.')
    process.exit(0)
  }
  const kill = async (): Promise<void> => {
    killing = true
    await supervisor.kill()
    process.exit(killedByUser)
  }
  onStopRequests({ stop: () => void stop(), kill: () => void kill() })

  progress.line(`CDSA starts on ${config.dataDir}`)
  let administrator: Administrator | undefined
  try {
    const { apiUrl, temporalUiUrl } = await supervisor.start((made) => {
      administrator = made
    })
    // Since the command was given: what came before this module counts for who waits.
    const seconds = performance.now() / 1000
    progress.line(readyBlock({ apiUrl, temporalUiUrl, dataDir: config.dataDir, seconds, administrator, quiet }))
  } catch (error) {
    if (administrator !== undefined) progress.line(administratorNotice(administrator))
    if (!stopping) throw error
  }
}

try {
  await runPlatform()
} catch (error) {
  process.stderr.write(`${explain(error)}\n`)
  process.exit(1)
}
