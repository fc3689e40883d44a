// `npm start`: needs Node alone. Installs the packages when they are missing or out of date, then becomes the platform
// in this very process, so that the terminal's signals reach exactly one process.
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { installPackages, requireNode } from './install-packages.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
requireNode()
await installPackages(root)
const { compileSources, keepCompiled } = await import('./compile-sources.mjs')
const compiled = await compileSources(root)
// The compiler's own process would go on as long as this one.
await (await import('esbuild')).stop()
if (compiled === undefined) {
  const { register } = await import('tsx/esm/api')
  register()
  await import('./platform.ts')
} else {
  keepCompiled(compiled)
  process.setSourceMapsEnabled(true)
  await import(pathToFileURL(join(compiled, 'bin', 'platform.js')).href)
}
