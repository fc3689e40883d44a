// What `npm start` compiles: a small tree of sources, imported as Node itself imports it.
import { cp, mkdir, mkdtemp, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { expect } from 'chai'
import { compileSources } from '../../bin/compile-sources.mjs'
import { eventually } from '../support/eventually.ts'

const project = fileURLToPath(new URL('../..', import.meta.url))
const folders = ['activities', 'api', 'bin', 'db', 'domain', 'platform', 'workers', 'workflows']
const monthsAgo = new Date(Date.now() - 90 * 24 * 3_600_000)

describe('compileSources', () => {
  let root: string
  let cache: string

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'cdsa-compile-'))
    cache = join(root, 'node_modules', '.cache', 'cdsa')
    await mkdir(join(root, 'node_modules'))
    await symlink(join(project, 'node_modules', 'esbuild'), join(root, 'node_modules', 'esbuild'))
    await cp(join(project, 'tsconfig.json'), join(root, 'tsconfig.json'))
    for (const folder of folders) await mkdir(join(root, folder))
    await cp(join(project, 'bin', 'compile-sources.mjs'), join(root, 'bin', 'compile-sources.mjs'))
    await writeFile(join(root, 'domain', 'answer.ts'), 'export const answer: number = 42\n')
    await writeFile(
      join(root, 'bin', 'ask.ts'),
      `import { answer } from '../domain/answer.ts'
       export const asked = async (): Promise<readonly unknown[]> =>
         [answer, (await import('../domain/answer.ts')).answer, import.meta.url]`,
    )
  })
  afterEach(() => rm(root, { recursive: true, force: true }))

  const askedIn = async (folder: string | undefined): Promise<readonly unknown[]> => {
    const module = await import(pathToFileURL(join(folder ?? '', 'bin', 'ask.js')).href)
    return module.asked()
  }

  it('compiles each file in its place, with imports of each other', async () => {
    const folder = await compileSources(root)
    const url = pathToFileURL(join(folder ?? '', 'bin', 'ask.js')).href
    expect(await askedIn(folder)).to.deep.equal([42, 42, url])
  })

  it('compiles once for each state of the sources, also when several start at the same time', async () => {
    const first = await Promise.all([compileSources(root), compileSources(root), compileSources(root)])
    expect(new Set(first).size).to.equal(1)
    await writeFile(join(root, 'domain', 'answer.ts'), 'export const answer: number = 43\n')
    const changed = await compileSources(root)
    expect(changed).not.to.equal(first[0])
    expect((await askedIn(changed)).slice(0, 2)).to.deep.equal([43, 43])
    expect((await readdir(cache)).toSorted()).to.have.length(2)
  })

  it('keeps nothing of sources that change meanwhile under the name of what they were', async () => {
    const answer = join(root, 'domain', 'answer.ts')
    const compiling = compileSources(root)
    await eventually('it compiles', async () => (await readdir(cache).catch(() => [])).length > 0, 5_000)
    await writeFile(answer, 'export const answer: number = 43\n')
    await compiling
    await writeFile(answer, 'export const answer: number = 42\n')
    expect((await askedIn(await compileSources(root)))[0]).to.equal(42)
  })

  it('removes what nobody has started for long, what an interrupted start left, and nothing else', async () => {
    const old = ['compiled-of-sources-that-are-gone', 'partial-of-long-ago']
    for (const name of old) {
      await mkdir(join(cache, name), { recursive: true })
      await utimes(join(cache, name), monthsAgo, monthsAgo)
    }
    await mkdir(join(cache, 'partial-of-now'))
    await writeFile(join(cache, 'workflows-1.js'), '')
    await compileSources(root)
    const left = (await readdir(cache)).filter((name) => !/^compiled-[0-9a-f]{32}$/.test(name))
    expect(left.toSorted()).to.deep.equal(['partial-of-now', 'workflows-1.js'])
  })

  it('reads no file of an editor', async () => {
    await symlink('nobody@nowhere:1', join(root, 'domain', '.#answer.ts'))
    expect(await askedIn(await compileSources(root))).to.have.length(3)
  })

  it('leaves it to the loader where the sources are at fault or nothing can be kept', async () => {
    await writeFile(join(root, 'bin', 'broken.ts'), 'const = 1')
    expect(await compileSources(root)).to.equal(undefined)
    expect(await readdir(cache)).to.deep.equal([])
    await rm(join(root, 'bin', 'broken.ts'))
    await rm(cache, { recursive: true })
    await writeFile(cache, 'a file')
    expect(await compileSources(root)).to.equal(undefined)
  })
})
