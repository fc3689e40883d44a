// Files that many make or replace at once: whoever reads one finds it whole, and of those who make it one wins.
import { mkdir, readFile, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { type NamedKey, loadKeys, readKeys } from '../../platform/keys.ts'
import { createFile, replaceFile } from '../../platform/whole-file.ts'
import { captureLog } from '../support/captured-log.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const texts = Array.from({ length: 20 }, (_, index) => `${index}`.repeat(10_000))

describe('whole files', () => {
  const directory = temporaryDirectory()

  it('are made once, by the first of many, for their owner alone', async () => {
    const file = join(directory(), 'file')
    const made = await Promise.all(texts.map((text) => createFile(file, text)))
    expect(made.filter(Boolean)).to.have.length(1)
    expect(await readFile(file, 'utf8')).to.equal(texts[made.indexOf(true)])
    expect((await stat(file)).mode & 0o777).to.equal(0o600)
    expect(await readdir(directory())).to.deep.equal(['file'])
  })

  it('are replaced while somebody reads them, who finds one or another', async () => {
    const file = join(directory(), 'file')
    await createFile(file, texts[0] ?? '')
    const seen = new Set<string>()
    const reads = (async () => {
      for (let count = 0; count < 200; count++) seen.add(await readFile(file, 'utf8'))
    })()
    await Promise.all([reads, ...texts.map((text) => replaceFile(file, text))])
    expect([...seen].every((text) => texts.includes(text))).to.equal(true)
    expect(await readdir(directory())).to.deep.equal(['file'])
  })

  it('leave nothing behind where they can’t be made', async () => {
    const file = join(directory(), 'taken')
    await mkdir(file)
    const error: unknown = await replaceFile(file, 'text').catch((cause: unknown) => cause)
    expect(error).to.have.property('code', 'EISDIR')
    expect(await readdir(directory())).to.deep.equal(['taken'])
  })

  it('give the processes that start together one key', async () => {
    const { log } = captureLog()
    for (let round = 0; round < 50; round++) {
      const keys = { master: undefined, platform: undefined, audit: undefined }
      const config = { keys, dataDir: join(directory(), `${round}`) }
      // A process that looks for the key all the time finds it missing or whole.
      const watch = async (): Promise<readonly NamedKey[]> => (await readKeys({ config }, 'master')) ?? (await watch())
      const load = () => loadKeys({ config, log }, 'master')
      const found = await Promise.all([watch(), watch(), watch(), load(), load(), load()])
      expect(new Set(found.map(([key]) => key?.key.toString('hex'))).size).to.equal(1)
    }
  })
})
