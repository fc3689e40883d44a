// Temporal's native runtime, once a process: its logs go through ours, and signals stay with whoever started us.
import { DefaultLogger, Runtime } from '@temporalio/worker'
import type { Logger } from '../platform/logger.ts'

let installed = false

export function installRuntime(log: Logger): void {
  if (installed) return
  installed = true
  const levels = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const
  const logger = new DefaultLogger('WARN', ({ level, message, meta }) => {
    const { taskQueue, workflowId, workflowType, activityType, error } = (meta ?? {}) as Record<string, unknown>
    log[levels[level]]({ taskQueue, workflowId, workflowType, activityType, err: error }, message)
  })
  Runtime.install({
    logger,
    shutdownSignals: [],
    telemetryOptions: { logging: { forward: {}, filter: { core: 'WARN', other: 'ERROR' } } },
  })
}
