// When the packages count as installed, with lockfiles as npm writes them.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { packagesAreCurrent } from '../../bin/install-packages.mjs'

const wanted = {
  '': { name: 'cdsa' },
  'node_modules/pino': { version: '10.4.0' },
  'node_modules/mocha': { version: '12.0.3', dev: true },
  'node_modules/for-another-system': { version: '1.0.0', optional: true },
}

describe('packagesAreCurrent', () => {
  let root: string
  let environment: string | undefined

  beforeEach(async () => {
    environment = process.env['NODE_ENV']
    delete process.env['NODE_ENV']
    root = await mkdtemp(join(tmpdir(), 'cdsa-packages-'))
    await mkdir(join(root, 'node_modules'))
    await writeFile(join(root, 'package-lock.json'), JSON.stringify({ packages: wanted }))
  })
  afterEach(async () => {
    if (environment !== undefined) process.env['NODE_ENV'] = environment
    else delete process.env['NODE_ENV']
    await rm(root, { recursive: true, force: true })
  })

  const install = (packages: object): Promise<void> =>
    writeFile(join(root, 'node_modules', '.package-lock.json'), JSON.stringify({ packages }))
  const pino = { 'node_modules/pino': { version: '10.4.0' } }
  const mocha = { 'node_modules/mocha': { version: '12.0.3' } }

  it('is false before the first installation', () => {
    expect(packagesAreCurrent(root)).to.equal(false)
  })

  it('is true for the wanted versions, without what is for other systems', async () => {
    await install({ ...pino, ...mocha })
    expect(packagesAreCurrent(root)).to.equal(true)
  })

  it('is false for another version, and for a missing package', async () => {
    await install({ ...mocha, 'node_modules/pino': { version: '10.3.0' } })
    expect(packagesAreCurrent(root)).to.equal(false)
    await install(mocha)
    expect(packagesAreCurrent(root)).to.equal(false)
  })

  it('misses development packages, except in production', async () => {
    await install(pino)
    expect(packagesAreCurrent(root)).to.equal(false)
    process.env['NODE_ENV'] = 'production'
    expect(packagesAreCurrent(root)).to.equal(true)
  })
})
