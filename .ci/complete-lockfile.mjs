// Adds to package-lock.json the platform packages that npm left out because the registry in use doesn't carry them for
// other systems: `npm ci` refuses a lockfile without them, on every system. Run it after each change of dependencies.
import { readFileSync, writeFileSync } from 'node:fs'

const file = new URL('../package-lock.json', import.meta.url)
const lock = JSON.parse(readFileSync(file, 'utf8'))

const systems = ['android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32']
const processors = ['arm64', 'arm', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'x64']

/** The lockfile's path of `name` as `from` would load it; undefined when it isn't there. */
function find(name, from) {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    const path = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`
    if (path in lock.packages) return path
    if (folder === '') return undefined
  }
}

/** What such a package says of itself, told by its name; only one that names its system is taken. */
function describe(name, version, isDev) {
  const words = name.split(/[/-]/)
  const os = systems.filter((system) => words.includes(system))
  const cpu = processors.filter((processor) => words.includes(processor))
  if (os.length !== 1 || cpu.length !== 1 || !/^\d/.test(version)) return undefined
  const isMusl = words.some((word) => word.startsWith('musl'))
  const libc = os[0] === 'linux' ? { libc: [isMusl ? 'musl' : 'glibc'] } : {}
  return { version, cpu, ...(isDev ? { dev: true } : {}), ...libc, optional: true, os }
}

const added = {}
for (const [from, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (find(name, from) !== undefined) continue
    const described = describe(name, version, entry.dev === true)
    if (described === undefined)
      throw new Error(`${name}@${version}, wanted by ${from}, is missing for another reason.`)
    added[`node_modules/${name}`] = described
  }
}
const packages = Object.entries({ ...lock.packages, ...added }).toSorted(([a], [b]) => a.localeCompare(b, 'en'))
if (Object.keys(added).length > 0) {
  writeFileSync(file, `${JSON.stringify({ ...lock, packages: Object.fromEntries(packages) }, undefined, 2)}\n`)
}
console.log(`Added ${Object.keys(added).length} entries to package-lock.json.`)
