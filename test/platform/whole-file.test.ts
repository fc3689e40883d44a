// Files that many make or replace at once: whoever reads one finds it whole, and of those who make it one wins.
import { once } from 'node:events'
import { mkdir, readFile, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { expect } from 'chai'
import { type NamedKey, loadKeys, readKeys } from '../../platform/keys.ts'
import { createFile, replaceFile } from '../../platform/whole-file.ts'
import { captureLog } from '../support/captured-log.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** Of one length, long enough that writing one takes a while. */
const texts = Array.from({ length: 20 }, (_, index) => String.fromCodePoint(97 + index).repeat(2_000_000))

/** In a thread, which no write of this one holds up: reads a file all the time, where it is there. */
const watching = `
  const { parentPort, workerData } = require('node:worker_threads')
  const { readFileSync } = require('node:fs')
  const { file, ending } = workerData
  const lengths = new Set()
  parentPort.postMessage('ready')
  while (Atomics.load(ending, 0) === 0) {
    try {
      lengths.add(readFileSync(file, 'utf8').length)
    } catch {}
  }
  lengths.add(readFileSync(file, 'utf8').length)
  parentPort.postMessage([...lengths])`

/** The lengths that a reader finds while `work` is done, and after it. */
async function lengthsDuring(file: string, work: () => Promise<void>): Promise<number[]> {
  const ending = new Int32Array(new SharedArrayBuffer(4))
  const watcher = new Worker(watching, { eval: true, workerData: { file, ending } })
  await once(watcher, 'message')
  await work()
  const told = once(watcher, 'message')
  Atomics.store(ending, 0, 1)
  return (await told)[0] as number[]
}

describe('whole files', () => {
  const directory = temporaryDirectory()

  it('are made once, by the first of many, for their owner alone', async () => {
    const file = join(directory(), 'file')
    let made: boolean[] = []
    const lengths = await lengthsDuring(file, async () => {
      made = await Promise.all(texts.map((text) => createFile(file, text)))
    })
    expect(lengths).to.deep.equal([2_000_000])
    expect(made.filter(Boolean)).to.have.length(1)
    expect((await readFile(file, 'utf8')) === texts[made.indexOf(true)]).to.equal(true)
    expect((await stat(file)).mode & 0o777).to.equal(0o600)
    expect(await readdir(directory())).to.deep.equal(['file'])
  })

  it('are replaced while somebody reads them, who finds one or another', async () => {
    const file = join(directory(), 'file')
    await createFile(file, texts[0] ?? '')
    const lengths = await lengthsDuring(file, async () => {
      await Promise.all(texts.map((text) => replaceFile(file, text)))
    })
    expect(lengths).to.deep.equal([2_000_000])
    expect(texts.includes(await readFile(file, 'utf8'))).to.equal(true)
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
