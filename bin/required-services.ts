// Which services a process that is started by itself must be told about: only `npm start` embeds them.
import { type Config, ConfigError } from '../platform/config.ts'

export type ServiceVariable = 'DATABASE_URL' | 'TEMPORAL_ADDRESS' | 'REDIS_URL'

const reasons: Readonly<Record<ServiceVariable, string>> = {
  DATABASE_URL: 'the Postgres to use',
  TEMPORAL_ADDRESS: 'host:port of the Temporal server to use',
  REDIS_URL: 'without Redis tokens travel in memory, so API and worker must share one process: use npm start',
}

/** Throws ConfigError, which lists every variable that is missing and why it is needed. */
export function requireServices(config: Config, variables: readonly ServiceVariable[]): void {
  const given: Readonly<Record<ServiceVariable, unknown>> = {
    DATABASE_URL: config.database.url,
    TEMPORAL_ADDRESS: config.temporal.address,
    REDIS_URL: config.redisUrl,
  }
  const missing = variables.filter((variable) => given[variable] === undefined)
  if (missing.length === 0) return
  throw new ConfigError(
    [
      'This command runs a part of CDSA on services that run already. Set these variables, or use npm start:',
      ...missing.map((variable) => `  - ${variable}: ${reasons[variable]}`),
    ].join('\n'),
  )
}
