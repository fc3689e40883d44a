// The socket's directory is this user's alone, or there is none.
import { expect } from 'chai'
import { chmodSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makePrivateDirectory, socketDirectory, socketFile } from '../../../platform/embedded/socket-directory.ts'
import { StartError } from '../../../platform/embedded/start-error.ts'
import { rejection } from '../../support/rejection.ts'

describe('socket directory', () => {
  let directory: string
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cdsa-socket-'))
  })
  afterEach(() => rm(directory, { recursive: true, force: true, maxRetries: 10 }))

  it('lies in the data directory as long as the path fits', () => {
    expect(socketDirectory('/data')).to.equal(join('/data', 'run'))
    for (let length = 1; length < 200; length += 1) {
      const path = socketFile(socketDirectory(`/${'ü'.repeat(length)}`))
      expect(Buffer.byteLength(path)).to.be.at.most(103)
    }
  })

  it('is the same for the same data directory, and another for another', () => {
    const deep = `/${'d'.repeat(120)}`
    expect(socketDirectory(deep)).to.equal(socketDirectory(deep))
    expect(socketDirectory(deep)).not.to.equal(socketDirectory(`${deep}2`))
  })

  it('is made, or made private', async () => {
    const made = join(directory, 'made')
    await makePrivateDirectory(made)
    expect(statSync(made).mode & 0o777).to.equal(0o700)
    chmodSync(made, 0o755)
    await makePrivateDirectory(made)
    expect(statSync(made).mode & 0o777).to.equal(0o700)
  })

  it('isn’t somebody’s link to another place', async () => {
    const target = join(directory, 'target')
    mkdirSync(target)
    symlinkSync(target, join(directory, 'link'))
    expect(await rejection(makePrivateDirectory(join(directory, 'link')))).to.be.instanceOf(StartError)
    writeFileSync(join(directory, 'file'), '')
    expect(await rejection(makePrivateDirectory(join(directory, 'file')))).to.be.instanceOf(Error)
  })
})
