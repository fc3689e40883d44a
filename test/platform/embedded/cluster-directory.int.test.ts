// A new cluster comes whole, from the template where there is one, and an unwritable cache stops nobody.
import { expect } from 'chai'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureCluster } from '../../../platform/embedded/cluster-directory.ts'

describe('ensureCluster', function () {
  // initdb runs twice.
  this.timeout(120_000)
  let directory: string
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cdsa-cluster-'))
  })
  afterEach(() => rm(directory, { recursive: true, force: true, maxRetries: 10 }))

  it('makes the template once and copies it from then on', async () => {
    const cache = join(directory, 'cache', 'cdsa')
    await ensureCluster(join(directory, 'first'), cache)
    expect(readFileSync(join(directory, 'first', 'PG_VERSION'), 'utf8')).to.match(/^\d+\s*$/)
    const [template, ...others] = readdirSync(cache)
    expect(template).to.match(/^pglite-\d+\.\d+\.\d+$/)
    expect(others).to.deep.equal([])

    writeFileSync(join(cache, template!, 'mark'), 'of the template')
    // What a crash in the middle of a copy leaves.
    mkdirSync(join(directory, 'second.new'))
    writeFileSync(join(directory, 'second.new', 'half'), '')
    await ensureCluster(join(directory, 'second'), cache)
    expect(existsSync(join(directory, 'second', 'mark'))).to.equal(true)
    expect(existsSync(join(directory, 'second', 'half'))).to.equal(false)
    expect(existsSync(join(directory, 'second.new'))).to.equal(false)
  })

  it('leaves a cluster alone that is there', async () => {
    mkdirSync(join(directory, 'there'))
    await ensureCluster(join(directory, 'there'), join(directory, 'cache'))
    expect(readdirSync(directory)).to.deep.equal(['there'])
  })

  it('does without a cache that can’t be written', async () => {
    writeFileSync(join(directory, 'file'), '')
    await ensureCluster(join(directory, 'cluster'), join(directory, 'file', 'cache'))
    expect(existsSync(join(directory, 'cluster', 'PG_VERSION'))).to.equal(true)
  })
})
