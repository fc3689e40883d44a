// What is written while the platform starts, with a clock that the test turns.
import { expect } from 'chai'
import { createProgress } from '../../../bin/supervisor/progress.ts'
import { rejection } from '../../support/rejection.ts'

describe('createProgress', () => {
  it('writes a finished step with its time, and passes its result on', async () => {
    const written: string[] = []
    let now = 0
    const progress = createProgress({ write: (text) => void written.push(text), now: () => now })
    const result = await progress.step('database', () => {
      now = 3_460
      return Promise.resolve('url')
    })
    expect(result).to.equal('url')
    expect(written).to.have.length(1)
    expect(written[0]).to.match(/database +ready in 3\.5 s\n$/)
  })

  it('writes that a step failed, and passes its error on', async () => {
    const written: string[] = []
    const progress = createProgress({ write: (text) => void written.push(text) })
    const error = await rejection(progress.step('temporal', () => Promise.reject(new Error('no port'))))
    expect(error.message).to.equal('no port')
    expect(written.join('')).to.match(/temporal +failed after/)
  })

  it('reminds of a slow step until it has ended', async () => {
    const written: string[] = []
    const progress = createProgress({ write: (text) => void written.push(text), reminderMs: 1 })
    await progress.step('cli', async () => {
      while (written.length < 2) await new Promise(setImmediate)
    })
    expect(written.slice(0, 2).join('')).to.match(/( +cli +still working.*\n){2}/)
    expect(written.at(-1)).to.match(/ready/)
  })
})
