// Compiles the TypeScript sources for `npm start`, once for each state of them: a loader that does it at each import takes
// seconds of every process' start. The files keep their places under a folder of their own, so that what is found by a
// module's own address is found there too.
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const folders = ['activities', 'api', 'bin', 'db', 'domain', 'platform', 'workers', 'workflows']
/** What was last started longer ago is of sources that are gone; younger ones may still run. */
const keptMs = 30 * 24 * 3_600_000

/** @param {string} root @returns {Promise<string[]>} paths below the root, in order */
async function listSources(root) {
  const listed = await Promise.all(
    folders.map(async (folder) =>
      (await readdir(join(root, folder), { recursive: true })).map((name) => join(folder, name)),
    ),
  )
  return listed
    .flat()
    .filter((name) => /(?<!\.d)\.ts$/.test(name))
    .sort()
}

/** @param {string} root @param {readonly string[]} sources */
async function hashSources(root, sources) {
  const hash = createHash('sha256')
  const files = ['tsconfig.json', join('node_modules', 'esbuild', 'package.json'), ...sources]
  for (const [index, text] of (await Promise.all(files.map((file) => readFile(join(root, file))))).entries()) {
    hash.update(`${files[index]}\0${text.length}\0`).update(text)
  }
  return hash.digest('hex').slice(0, 32)
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
}

/** @param {string} root @param {readonly string[]} sources @param {{ cache: string, folder: string }} places */
async function compileInto(root, sources, { cache, folder }) {
  await mkdir(cache, { recursive: true })
  const partial = await mkdtemp(join(cache, 'partial-'))
  try {
    await compile(root, sources, partial)
    await rename(partial, folder)
  } finally {
    // Still there where the sources are at fault, or where another process was faster, whose folder is as good.
    await rm(partial, { recursive: true, force: true })
  }
}

/** @param {string} cache */
async function removeOld(cache) {
  for (const name of (await readdir(cache)).filter((entry) => entry.startsWith('compiled-'))) {
    const path = join(cache, name)
    const { mtimeMs } = await stat(path)
    if (Date.now() - mtimeMs > keptMs) await rm(path, { recursive: true, force: true })
  }
}

/**
 * Resolves to the folder of the compiled sources; undefined where they can't be compiled or kept: then the loader, which
 * needs no folder, says what is wrong with them. Any number of processes may call it at once.
 * @param {string} root @returns {Promise<string | undefined>}
 */
export async function compileSources(root) {
  const cache = join(root, 'node_modules', '.cache', 'cdsa')
  const sources = await listSources(root)
  const folder = join(cache, `compiled-${await hashSources(root, sources)}`)
  const now = new Date()
  const isThere = () =>
    utimes(folder, now, now).then(
      () => true,
      () => false,
    )
  if (await isThere()) return folder
  await compileInto(root, sources, { cache, folder }).catch(() => {})
  await removeOld(cache).catch(() => {})
  return (await isThere()) ? folder : undefined
}
