// The back-off of restarts, as a table of how long a part had served and delays.
import { expect } from 'chai'
import { createRestartDelay } from '../../../platform/embedded/restart-delay.ts'

describe('createRestartDelay', () => {
  it('restarts at once after the first death, then waits twice as long each time, up to 10 s', () => {
    const delay = createRestartDelay()
    const delays = Array.from({ length: 8 }, () => delay(100))
    expect(delays).to.deep.equal([0, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000])
  })

  it('counts anew after a part had served for half a minute', () => {
    const delay = createRestartDelay()
    delay(100)
    delay(100)
    expect(delay(999)).to.equal(1_000)
    expect(delay(30_000)).to.equal(0)
    expect(delay(100)).to.equal(500)
  })

  it('waits half a second, never less, for a part that dies again and again a second after its start', () => {
    const delay = createRestartDelay()
    expect(Array.from({ length: 4 }, () => delay(1_000))).to.deep.equal([0, 500, 500, 500])
  })
})
