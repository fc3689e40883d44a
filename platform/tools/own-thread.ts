// Runs one of the project's own modules in a thread: as TypeScript through the loader, or compiled. A thread doesn't take a
// loader by `--import`, as processes do (see own-script.ts), so that a line of JavaScript registers it there.
import { extname } from 'node:path'
import { Worker, type ResourceLimits } from 'node:worker_threads'

/** `path` without its extension, relative to the module whose `import.meta.url` is given. The thread sees no environment. */
export function startOwnThread(path: string, moduleUrl: string, resourceLimits: ResourceLimits): Worker {
  const extension = extname(moduleUrl)
  const url = new URL(`${path}${extension}`, moduleUrl)
  const options = { resourceLimits, env: {}, execArgv: [], name: path }
  if (extension !== '.ts') return new Worker(url, options)
  const loader = JSON.stringify(import.meta.resolve('tsx/esm/api'))
  const script = `import(${loader}).then(({ register }) => { register(); return import(${JSON.stringify(url.href)}) })`
  return new Worker(script, { ...options, eval: true })
}
