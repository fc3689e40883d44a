// Compiles the TypeScript sources for `npm start`, once for each state of them: a loader that does it at each import takes
// seconds of every process' start. The files keep their places under a folder of their own, so that what is found by a
// module's own address is found there too.
import { createHash } from 'node:crypto'
import { access, chmod, mkdir, mkdtemp, readFile, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import process from 'node:process'

const folders = ['activities', 'api', 'bin', 'db', 'domain', 'platform', 'workers', 'workflows']
/** What decides how they are compiled. */
const settings = ['tsconfig.json', join('bin', 'compile-sources.mjs'), join('node_modules', 'esbuild', 'package.json')]
/** Sources may be saved while they are compiled: then it is done again, so often. */
const tries = 3
const hourMs = 3_600_000
const dayMs = 24 * hourMs
/** Who runs from a folder touches it each day. */
const keptMs = 30 * dayMs
/** The name of the folder for what isn't whole: no other name is ever looked into. */
const partialPrefix = 'partial-'

/** Not an editor's own, such as `.#name.ts`. @param {string} name */
const isSource = (name) => /(?<!\.d)\.ts$/.test(name) && !basename(name).startsWith('.')

/** @param {string} root @returns {Promise<string[]>} paths below the root, in order */
async function listSources(root) {
  const listed = await Promise.all(
    folders.map(async (folder) =>
      (await readdir(join(root, folder), { recursive: true })).map((name) => join(folder, name)),
    ),
  )
  return listed.flat().filter(isSource).sort()
}

/** The sources' names, and the hash of all that decides what comes of them. @param {string} root */
async function readState(root) {
  const sources = await listSources(root)
  const files = [...settings, ...sources]
  const hash = createHash('sha256')
  for (const [index, text] of (await Promise.all(files.map((file) => readFile(join(root, file))))).entries()) {
    hash.update(`${files[index]}\0${text.length}\0`).update(text)
  }
  return { sources, hash: hash.digest('hex').slice(0, 32) }
}

/**
 * Imports of the project's own become those of the compiled files; everything else stays a package's.
 * @type {import('esbuild').Plugin}
 */
const ownImports = {
  name: 'own-imports',
  setup({ onResolve }) {
    onResolve({ filter: /^\.{1,2}\/.*\.ts$/ }, ({ kind, path }) =>
      kind === 'entry-point' ? undefined : { path: path.replace(/\.ts$/, '.js'), external: true },
    )
  },
}

/** @param {string} root @param {readonly string[]} sources @param {string} outdir */
async function compile(root, sources, outdir) {
  const { build } = await import('esbuild')
  await build({
    absWorkingDir: root,
    entryPoints: sources.map((source) => `./${source}`),
    outbase: root,
    outdir,
    bundle: true,
    packages: 'external',
    plugins: [ownImports],
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    sourcemap: 'linked',
    logLevel: 'silent',
  })
  // The scope of a package ends at `node_modules`: without this file they would be CommonJS.
  await writeFile(join(outdir, 'package.json'), '{ "type": "module" }\n')
  await chmod(outdir, 0o755)
}

/** Whether the folder is there, and with it all that it holds. @param {string} folder */
const isWhole = (folder) =>
  access(join(folder, 'package.json')).then(
    () => true,
    () => false,
  )

/** The folder of the sources as they are now, where they stay so for long enough. @param {string} root @param {string} cache */
async function findOrCompile(root, cache) {
  for (let attempt = 0; attempt < tries; attempt += 1) {
    const { sources, hash } = await readState(root)
    const folder = join(cache, `compiled-${hash}`)
    if (await isWhole(folder)) return folder
    await mkdir(cache, { recursive: true })
    const partial = await mkdtemp(join(cache, partialPrefix))
    try {
      await compile(root, sources, partial)
      // Another process may be faster: its folder is as good.
      if ((await readState(root)).hash === hash) await rename(partial, folder).catch(() => {})
      if (await isWhole(folder)) return folder
    } finally {
      await rm(partial, { recursive: true, force: true })
    }
  }
  throw new Error('They change all the time.')
}

/** Of sources that are gone, and what an interrupted start has left. @param {string} cache */
async function removeOld(cache) {
  for (const name of await readdir(cache)) {
    const limitMs = name.startsWith(partialPrefix) ? hourMs : name.startsWith('compiled-') ? keptMs : undefined
    const path = join(cache, name)
    if (limitMs === undefined || Date.now() - (await stat(path)).mtimeMs < limitMs) continue
    // By this name nobody takes a half of it for the whole.
    const partial = join(cache, `${partialPrefix}${name}`)
    await rename(path, partial)
    await rm(partial, { recursive: true, force: true })
  }
}

/** Shows `removeOld` that somebody runs from it; who may not write there need not. @param {string} folder */
const touch = (folder) => utimes(folder, new Date(), new Date()).catch(() => {})

/**
 * Resolves to the folder of the compiled sources; undefined, and a line on stderr, where they can't be compiled or kept:
 * then the loader, which needs no folder, does it. Any number of processes may call it at once.
 * @param {string} root @returns {Promise<string | undefined>}
 */
export async function compileSources(root) {
  const cache = join(root, 'node_modules', '.cache', 'cdsa')
  try {
    const folder = await findOrCompile(root, cache)
    await touch(folder)
    await removeOld(cache).catch(() => {})
    return folder
  } catch (error) {
    // The compiler names the first fault in its second line.
    const reason = (error instanceof Error ? error.message : String(error)).split('\n', 2).join(' ')
    process.stderr.write(`The sources aren’t compiled, so that the start takes longer: ${reason}\n`)
    return undefined
  }
}

/** For as long as this process lives, which it doesn't prolong. @param {string} folder */
export function keepCompiled(folder) {
  setInterval(() => void touch(folder), dayMs).unref()
}
