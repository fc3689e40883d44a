// Both ways of asking for a process's memory give about the same, and a process that is gone has none.
import { execFile } from 'node:child_process'
import { expect } from 'chai'
import { residentBytes } from '../../../platform/parsing/resident-bytes.ts'

describe('the memory of a process', () => {
  it('is what the process itself sees', async () => {
    const own = process.memoryUsage.rss()
    expect(await residentBytes(process.pid)).to.be.within(own * 0.5, own * 2)
    expect(await residentBytes(process.pid, 'ps')).to.be.within(own * 0.5, own * 2)
  })

  it('is nothing once the process is gone', async () => {
    const child = execFile(process.execPath, ['-e', ''])
    await new Promise((resolve) => child.once('exit', resolve))
    expect(await residentBytes(child.pid)).to.equal(0)
    expect(await residentBytes(child.pid, 'ps')).to.equal(0)
    expect(await residentBytes(undefined)).to.equal(0)
  })
})
