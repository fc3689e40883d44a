// Brings a Postgres of your own to where this version needs it: `npm run migrate`, before new processes start. The
// embedded database needs no such step: `npm start` does it.
import { ConfigError, loadConfig } from '../platform/config.ts'
import { StartError } from '../platform/embedded/start-error.ts'
import { createLogger, describeError } from '../platform/logger.ts'
import { prepareDatabase } from './prepare-database.ts'
import { requireServices } from './required-services.ts'
import { administratorNotice } from './supervisor/ready-block.ts'

try {
  const config = loadConfig()
  requireServices(config, ['DATABASE_URL'])
  const applicationUrl = config.database.url?.reveal() ?? ''
  const { ran, administrator } = await prepareDatabase(config, {
    applicationUrl,
    ownerUrl: config.database.ownerUrl?.reveal() ?? applicationUrl,
    embedded: false,
    log: createLogger({ level: config.logLevel, name: 'migrate' }),
  })
  process.stdout.write(ran.length === 0 ? 'Nothing to migrate.\n' : `Ran ${ran.length} migrations: ${ran.join(', ')}\n`)
  if (administrator !== undefined) process.stdout.write(`${administratorNotice(administrator)}\n`)
} catch (error) {
  process.stderr.write(
    error instanceof ConfigError || error instanceof StartError ? error.message : JSON.stringify(describeError(error)),
  )
  process.stderr.write('\n')
  process.exitCode = 1
}
