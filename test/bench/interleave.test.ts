// Rounds of the benchmarks: every subject in each, in an order that rotates, the first ones unmeasured.
import { expect } from 'chai'
import { interleave } from '../../bench/interleave.ts'

describe('interleave', () => {
  it('runs all subjects in every round and rotates their order', async () => {
    const order: string[] = []
    const subject = (name: string) => async (round: number) => {
      order.push(`${name}${round}`)
      return [round]
    }
    const samples = await interleave({ a: subject('a'), b: subject('b') }, { rounds: 2, warmUp: 1 })
    expect(order).to.deep.equal(['a-1', 'b-1', 'b0', 'a0', 'a1', 'b1'])
    expect(samples).to.deep.equal({ a: [0, 1], b: [0, 1] })
  })
})
