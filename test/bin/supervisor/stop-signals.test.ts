// One press of Ctrl-C is one request, although npm passes on what the terminal has sent to everyone.
import { expect } from 'chai'
import { createRequestCounter } from '../../../bin/supervisor/stop-signals.ts'

describe('createRequestCounter', () => {
  it('takes what follows the first request within half a second for its echo', () => {
    const count = createRequestCounter()
    expect([10_000, 10_001, 10_499].map(count)).to.deep.equal(['first', 'echo', 'echo'])
  })

  it('takes a later request for a second one, and every one after it', () => {
    const count = createRequestCounter()
    expect([0, 500, 501].map(count)).to.deep.equal(['first', 'again', 'again'])
  })
})
