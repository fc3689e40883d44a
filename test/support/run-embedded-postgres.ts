// A supervisor of the embedded database in a process of its own, for tests that kill it. It takes the directory as
// argument and writes one line, {"pid", "url"}, once the database serves.
import { createLogger } from '../../platform/logger.ts'
import { startEmbeddedDatabase } from '../../platform/embedded/embedded-database.ts'

const [directory] = process.argv.slice(2)
if (directory === undefined) throw new Error('usage: DIRECTORY')

const database = await startEmbeddedDatabase({ directory, log: createLogger({ level: 'silent' }) })
process.stdout.write(`${JSON.stringify({ pid: database.pid, url: database.ownerUrl })}\n`)
