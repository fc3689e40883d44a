// The process that runs the embedded database: one cluster, one multiplexer. It is a process of its own because a query
// in WebAssembly blocks its event loop; it ends with its supervisor, and when it can't trust the backend any more.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describeError } from '../logger.ts'
import { ensureCluster } from './cluster-directory.ts'
import { startMaintenance } from './database-maintenance.ts'
import { lockDirectory } from './directory-lock.ts'
import { startMultiplexer } from './multiplexer/multiplexer.ts'
import { openPgliteDatabase } from './pglite-database.ts'
import type { ChildMessage, OpenRequest, ParentMessage } from './pglite-messages.ts'
import { StartError } from './start-error.ts'

function tell(message: ChildMessage): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) resolve()
    else process.send(message, () => resolve())
  })
}

async function endWithFailure(error: unknown): Promise<never> {
  const reason = error instanceof StartError ? error.message : undefined
  await tell({ type: 'failed', reason, error: describeError(error) })
  process.exit(1)
}

/** Serves; resolves to the function that ends it all in order. */
async function serve(request: OpenRequest): Promise<() => Promise<void>> {
  const clusterDirectory = join(request.directory, 'pgdata')
  const unlock = await lockDirectory(join(request.directory, 'postgres.pid'), request.parent)
  await ensureCluster(clusterDirectory, request.cacheDirectory)
  const database = await openPgliteDatabase(clusterDirectory)
  // Only the lock's holder may do this: the socket of a predecessor that was killed is still there.
  if (request.listen.path !== undefined) await rm(request.listen.path, { force: true })
  const multiplexer = await startMultiplexer({
    exchange: database.exchange,
    listen: request.listen,
    password: request.password,
    parameters: database.parameters,
    maxConnections: request.maxConnections,
    idleTransactionMs: request.idleTransactionMs,
    onBroken: (error) => void endWithFailure(error),
  })
  const stopMaintenance = startMaintenance({
    multiplexer,
    clusterDirectory,
    onError: (task, error) => void tell({ type: 'trouble', task, error: describeError(error) }),
  })
  return async () => {
    stopMaintenance()
    await multiplexer.close()
    await multiplexer.administer('checkpoint')
    await database.close()
    await unlock()
  }
}

let serving: Promise<() => Promise<void>> | undefined
let ending: Promise<void> | undefined

async function end(): Promise<void> {
  const close = await serving
  await close?.()
  process.exit(0)
}

const endOnce = (): void => {
  ending ??= end().catch(endWithFailure)
}

process.umask(0o077)
process.on('message', (message: ParentMessage) => {
  if (message.type === 'ping') void tell({ type: 'pong' })
  else if (serving === undefined) {
    serving = serve(message)
    serving.then(() => tell({ type: 'ready' })).catch(endWithFailure)
  }
})
process.on('disconnect', endOnce)
process.on('SIGTERM', endOnce)
