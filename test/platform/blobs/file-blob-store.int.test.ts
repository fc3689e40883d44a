// Originals are kept once by their hash, derived data by valid keys only, and nothing stays behind when storing fails.
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { expect } from 'chai'
import fc from 'fast-check'
import { AppError } from '../../../domain/errors.ts'
import { createFileBlobStore } from '../../../platform/blobs/file-blob-store.ts'
import { rejection } from '../../support/rejection.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

const limitBytes = 1024 * 1024

const files = async (directory: string): Promise<readonly string[]> =>
  (await readdir(directory, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)

describe('the file blob store', () => {
  const directory = temporaryDirectory()
  const store = () => createFileBlobStore({ directory: directory() })

  it('keeps an original under its hash and gives it back', async () => {
    const blobs = store()
    const bytes = randomBytes(300_000)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const parts = [bytes.subarray(0, 10), bytes.subarray(10, 200_000), bytes.subarray(200_000)]
    expect(await blobs.put(Readable.from(parts), { limitBytes })).to.deep.equal({ sha256, sizeBytes: 300_000 })
    expect(await blobs.localPath(sha256)).to.equal(
      join(directory(), 'sha256', sha256.slice(0, 2), sha256.slice(2, 4), sha256),
    )
    expect((await buffer(await blobs.open(sha256))).equals(bytes)).to.equal(true)
  })

  it('keeps the same bytes once, also when they come at the same time', async () => {
    const blobs = store()
    const puts = Array.from({ length: 5 }, () => blobs.put(Readable.from([Buffer.from('same')]), { limitBytes }))
    expect(new Set((await Promise.all(puts)).map((blob) => blob.sha256)).size).to.equal(1)
    expect(await files(directory())).to.have.length(1)
  })

  it('refuses what is over the limit, takes what meets it, and leaves nothing of the former', async () => {
    const blobs = store()
    const source = Readable.from([randomBytes(600_000), randomBytes(600_000), randomBytes(1)])
    const error = await rejection(blobs.put(source, { limitBytes }))
    expect(error).to.be.instanceOf(AppError).and.to.include({ code: 'document.too_large' })
    expect(source.destroyed).to.equal(true)
    expect(await files(directory())).to.deep.equal([])
    expect((await blobs.put(Readable.from([randomBytes(limitBytes)]), { limitBytes })).sizeBytes).to.equal(limitBytes)
  })

  it('passes on the failure of a source and leaves nothing', async () => {
    const source = Readable.from(
      (async function* () {
        yield randomBytes(1_000)
        throw new Error('the client went away')
      })(),
    )
    expect((await rejection(store().put(source, { limitBytes }))).message).to.equal('the client went away')
    expect(await files(directory())).to.deep.equal([])
  })

  it('leaves nothing of a source that is destroyed half-way', async () => {
    const source = new Readable({ read: () => undefined })
    source.push(randomBytes(1_000))
    const put = rejection(store().put(source, { limitBytes }))
    source.once('data', () => source.destroy())
    await put
    expect(await files(directory())).to.deep.equal([])
  })

  it('doesn’t find what isn’t there, nor what is no hash', async () => {
    const blobs = store()
    await writeFile(join(directory(), 'secret'), 'kept')
    for (const sha256 of ['0'.repeat(64), '', '../secret', `${'0'.repeat(63)}/`, 'A'.repeat(64)]) {
      const errors = await Promise.all([rejection(blobs.open(sha256)), rejection(blobs.localPath(sha256))])
      for (const error of errors) expect(error).to.include({ code: 'resource.not_found' })
    }
  })

  it('keeps derived data, overwrites it, and says when there is none', async () => {
    const blobs = store()
    const key = `${'a'.repeat(64)}/elements-1/chunks.json`
    expect(await blobs.getDerived(key)).to.equal(undefined)
    await blobs.putDerived(key, Buffer.from('one'))
    await blobs.putDerived(key, Buffer.from('two'))
    expect((await blobs.getDerived(key))?.toString()).to.equal('two')
    expect(await files(directory())).to.deep.equal(['chunks.json'])
  })

  it('refuses keys that lead elsewhere', async () => {
    const blobs = store()
    const keys = ['', '/etc/x', '../x', 'a/../b', 'a//b', 'a/.', '.hidden', 'a/', 'a\\b', 'a\0', 'a b', 'x'.repeat(501)]
    for (const key of keys) {
      const errors = await Promise.all([
        rejection(blobs.putDerived(key, Buffer.alloc(1))),
        rejection(blobs.getDerived(key)),
      ])
      for (const error of errors) expect(error, key).to.include({ code: 'internal' })
    }
    expect(await files(directory())).to.deep.equal([])
  })

  it('never lets a key out of its directory', async () => {
    const blobs = store()
    const part = fc.constantFrom('..', '.', 'a', '/', '\\', '%2e', '~', '\0', 'b.json')
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 6 }), async (parts) => {
        await blobs.putDerived(parts.join(''), Buffer.from('x')).catch(() => undefined)
      }),
    )
    expect(await readdir(directory())).to.have.members(['derived', 'incoming'])
    expect(await readdir(join(directory(), 'incoming'))).to.deep.equal([])
  })

  it('clears away what a killed process left a day ago, and nothing newer', async () => {
    const incoming = join(directory(), 'incoming')
    await mkdir(incoming)
    await writeFile(join(incoming, 'old'), 'x')
    await writeFile(join(incoming, 'new'), 'x')
    const before = Date.now() / 1_000 - 25 * 3_600
    await utimes(join(incoming, 'old'), before, before)
    await store().put(Readable.from([Buffer.from('x')]), { limitBytes })
    expect(await readdir(incoming)).to.deep.equal(['new'])
  })
})
