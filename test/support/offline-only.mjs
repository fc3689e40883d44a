// Loaded with `--import`: from then on nothing may be imported but files, hashes, zod and the pure parts of the log, and
// no socket may be opened or name resolved. What a program still does with it, it does without a database or a network.
import dns from 'node:dns'
import { register } from 'node:module'
import net from 'node:net'
import { isMainThread } from 'node:worker_threads'

const allowedBuiltins = new Set(['crypto', 'fs', 'fs/promises', 'util'].map((name) => `node:${name}`))
const allowedFiles = /\/(bin\/audit-verify\.|bin\/unexpected\.|domain\/|platform\/audit\/|node_modules\/(zod|tsx)\/)/

/** The hook of the module loader: it refuses by the resolved address, so that no spelling gets around it. */
export async function resolve(specifier, context, nextResolve) {
  const resolved = await nextResolve(specifier, context)
  const isAllowed = resolved.url.startsWith('node:')
    ? allowedBuiltins.has(resolved.url)
    : allowedFiles.test(resolved.url)
  if (!isAllowed) throw new Error(`offline: ${resolved.url} may not be imported`)
  return resolved
}

if (isMainThread) {
  const refuse = () => {
    throw new Error('offline: there is no network')
  }
  net.Socket.prototype.connect = refuse
  net.Server.prototype.listen = refuse
  dns.lookup = refuse
  dns.promises.lookup = refuse
  register(import.meta.url)
}
