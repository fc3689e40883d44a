// How to run one of the project's own scripts in a process of its own: as TypeScript through the loader, or compiled.
// The loader is named by its full path, because the working directory need not be the project's.
import { createRequire } from 'node:module'
import { extname } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

export interface OwnScript {
  readonly file: string
  /** Options of `node` itself; they stand before the file. */
  readonly execArgv: readonly string[]
}

/** `path` without its extension, relative to the module whose `import.meta.url` is given. */
export function ownScript(path: string, moduleUrl: string): OwnScript {
  const extension = extname(moduleUrl)
  const file = fileURLToPath(new URL(`${path}${extension}`, moduleUrl))
  if (extension !== '.ts') return { file, execArgv: ['--enable-source-maps'] }
  return { file, execArgv: ['--import', pathToFileURL(createRequire(moduleUrl).resolve('tsx')).href] }
}
