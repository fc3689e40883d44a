// Makes a new data directory in one step: a copy that is renamed into place, so that a crash leaves none or a whole one.
// initdb takes seconds, so its result is kept as a template in the user's cache; an unwritable cache only costs time.
import { cp, mkdir, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

async function pgliteVersion(): Promise<string> {
  const entry = createRequire(import.meta.url).resolve('@electric-sql/pglite')
  const text = await readFile(join(dirname(entry), '..', 'package.json'), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

async function initializeCluster(directory: string): Promise<void> {
  const database = await PGlite.create(directory)
  await database.close()
}

/** A new place beside the template; undefined when the cache can't be written. */
async function makePlace(template: string): Promise<string | undefined> {
  try {
    await mkdir(dirname(template), { recursive: true, mode: 0o700 })
    return await mkdtemp(`${template}-`)
  } catch {
    return undefined
  }
}

/** Resolves to the template's path, made at the first need; undefined when the cache can't be written. */
async function findTemplate(cacheDirectory: string): Promise<string | undefined> {
  const template = join(cacheDirectory, `pglite-${await pgliteVersion()}`)
  if (await exists(template)) return template
  const place = await makePlace(template)
  if (place === undefined) return undefined
  try {
    await initializeCluster(join(place, 'cluster'))
    await rename(join(place, 'cluster'), template).catch(async (error: unknown) => {
      // Another process may have made it at the same time.
      if (!(await exists(template))) throw error
    })
  } finally {
    await rm(place, { recursive: true, force: true })
  }
  return template
}

/** Makes `directory` unless it is there. Only its lock's holder may call this. */
export async function ensureCluster(directory: string, cacheDirectory: string): Promise<void> {
  if (await exists(directory)) return
  const making = `${directory}.new`
  await rm(making, { recursive: true, force: true })
  const template = await findTemplate(cacheDirectory)
  if (template === undefined) await initializeCluster(making)
  else await cp(template, making, { recursive: true })
  await rename(making, directory)
}
