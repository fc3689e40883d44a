// A turn may go on below each of its bounds, and says at which one it stopped.
import { expect } from 'chai'
import { boundNotice } from '../../../domain/chat/turn-bounds.ts'

const bounds = { maxSteps: 10, maxTokens: 200_000, maxSeconds: 1_800 }
const spent = { steps: 9, tokens: 199_999, seconds: 1_799 }

describe('boundNotice', () => {
  it('is nothing below the bounds', () => expect(boundNotice(spent, bounds)).to.equal(undefined))

  for (const [part, text] of [
    [{ steps: 10 }, '10 steps'],
    [{ tokens: 200_000 }, '200,000 tokens'],
    [{ seconds: 1_800.5 }, '1,800 seconds of work'],
  ] as const) {
    it(`names ${text}`, () => {
      expect(boundNotice({ ...spent, ...part }, bounds)).to.equal(
        `(Stopped: this turn reached its limit of ${text}. No further tool was run.)`,
      )
    })
  }
})
