// The bundle of workflow code: webpack takes 2–3 s, so the result is kept beside the packages under a hash of its sources.
import { createHash } from 'node:crypto'
import { mkdir, readFile, readdir, rename, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DefaultLogger, bundleWorkflowCode } from '@temporalio/worker'
import type { Logger } from '../platform/logger.ts'
import { failureConverterPath } from '../platform/temporal/data-converter.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
/** Then `root` is the folder of the compiled code. */
const compiled = !import.meta.url.endsWith('.ts')
const prebuilt = join(root, 'workflow-bundle.js')
const sourceFolders = ['workflows', 'domain']
/** Above the compiled code as well. */
const packages = dirname(dirname(dirname(createRequire(import.meta.url).resolve('@temporalio/worker/package.json'))))
const cacheFolder = join(packages, '.cache', 'cdsa')

async function hashSources(): Promise<string> {
  const hash = createHash('sha256')
  const lockfile = await readFile(join(packages, '.package-lock.json')).catch(() => Buffer.alloc(0))
  hash.update(lockfile).update(await readFile(failureConverterPath))
  for (const folder of sourceFolders) {
    const names = await readdir(join(root, folder), { recursive: true })
    for (const name of names.filter((candidate) => /\.[jt]s$/.test(candidate)).sort()) {
      hash.update(name).update(await readFile(join(root, folder, name)))
    }
  }
  return hash.digest('hex').slice(0, 32)
}

async function bundle(): Promise<string> {
  const extension = compiled ? 'js' : 'ts'
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(root, 'workflows', `index.${extension}`),
    failureConverterPath,
    logger: new DefaultLogger('WARN'),
  })
  return code
}

/** Part of the build: writes the bundle beside the compiled code, where it needs no check against its sources. */
export async function prebuildWorkflowBundle(): Promise<string> {
  await writeFile(prebuilt, await bundle())
  return prebuilt
}

/** The bundle's code: the build's own, or else from the cache. A cache that can't be written costs time, nothing else. */
export async function loadWorkflowBundle(log: Logger): Promise<{ readonly code: string }> {
  const built = compiled ? await readFile(prebuilt, 'utf8').catch(() => undefined) : undefined
  if (built !== undefined) return { code: built }
  const file = join(cacheFolder, `workflows-${await hashSources()}.js`)
  const kept = await readFile(file, 'utf8').catch(() => undefined)
  if (kept !== undefined) return { code: kept }
  const code = await bundle()
  const partial = `${file}.${process.pid}`
  await mkdir(cacheFolder, { recursive: true })
    .then(() => writeFile(partial, code))
    .then(() => rename(partial, file))
    .catch((error: unknown) => log.debug({ err: error }, 'the workflow bundle wasn’t kept'))
  return { code }
}
