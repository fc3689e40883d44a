// Master keys in a file: one file for all starters, a new key in front of the others, and who finds it.
import { readFile, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { parseConfig } from '../../../platform/config.ts'
import { createLogger } from '../../../platform/logger.ts'
import { createLocalKeyProvider } from '../../../platform/vault/key-provider.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { newMasterKey, providerOf } from '../../support/vault-parts.ts'

const aad = Buffer.from('place')
const dek = Buffer.alloc(32, 7)

describe('master keys', () => {
  const directory = temporaryDirectory()
  const fromFile = () =>
    createLocalKeyProvider({
      config: parseConfig({ CDSA_DATA_DIR: directory() }),
      log: createLogger({ level: 'silent' }),
    })

  it('lie in a file that only its owner reads, and keep it so when one is added', async () => {
    const keys = await fromFile()
    const first = keys.currentId
    const wrapped = await keys.wrap(first, { dek, aad })
    const second = await keys.makeKey()
    expect(second).to.be.a('string').and.not.to.equal(first)
    expect(keys.currentId).to.equal(second)
    const folder = join(directory(), 'keys')
    expect(await readdir(folder)).to.deep.equal(['master.key'])
    expect((await stat(join(folder, 'master.key'))).mode & 0o777).to.equal(0o600)
    expect(
      (await readFile(join(folder, 'master.key'), 'utf8')).split(',').map((key) => key.split(':')[0]),
    ).to.deep.equal([second, first])
    expect(await keys.unwrap(first, { wrapped, aad })).to.deep.equal(dek)
    expect(await (await fromFile()).unwrap(first, { wrapped, aad })).to.deep.equal(dek)
  })

  it('that another process has added are found at their first use', async () => {
    const [one, other] = [await fromFile(), await fromFile()]
    const made = (await one.makeKey()) ?? ''
    const wrapped = await one.wrap(made, { dek, aad })
    expect(await other.unwrap(made, { wrapped, aad })).to.deep.equal(dek)
    expect(await other.kcv(made)).to.equal(await one.kcv(made))
  })

  it('that are configured stay as they are, with the first one current', async () => {
    const keys = await providerOf(newMasterKey('new'), newMasterKey('old'))
    expect([keys.currentId, await keys.makeKey(), await keys.kcv('none')]).to.deep.equal(['new', undefined, undefined])
    expect(await keys.kcv('new'))
      .to.match(/^[0-9a-f]{12}$/)
      .and.not.to.equal(await keys.kcv('old'))
    await keys.health()
  })

  it('are named in a wrapped key’s additional data, so that no other opens it', async () => {
    const keys = await providerOf(newMasterKey('new'), newMasterKey('old'))
    const wrapped = await keys.wrap('new', { dek, aad })
    expect(await keys.unwrap('old', { wrapped, aad }).catch(() => 'refused')).to.equal('refused')
  })
})
