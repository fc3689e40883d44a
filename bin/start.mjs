// `npm start`: needs Node alone. Installs the packages when they are missing or out of date, then becomes the platform
// in this very process, so that the terminal's signals reach exactly one process.
import { fileURLToPath } from 'node:url'
import { installPackages, requireNode } from './install-packages.mjs'

requireNode()
await installPackages(fileURLToPath(new URL('..', import.meta.url)))
const { register } = await import('tsx/esm/api')
register()
await import('./platform.ts')
