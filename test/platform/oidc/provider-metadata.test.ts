// What is kept of a provider: for an hour, for everybody at once, and never a failure.
import { expect } from 'chai'
import { Configuration } from 'openid-client'
import { keepMetadata } from '../../../platform/oidc/provider-metadata.ts'

const configurationOf = (n: number): Configuration =>
  new Configuration({ issuer: `https://id${n}.example.org` }, 'cdsa')

describe('what a provider says of itself', () => {
  it('is asked for once an hour, and after it may have changed', async () => {
    let asked = 0
    let now = 0
    const metadata = keepMetadata(
      async () => configurationOf((asked += 1)),
      () => now,
    )
    expect(asked).to.equal(0)
    const [first, same] = await Promise.all([metadata.get(), metadata.get()])
    now = 60 * 60_000 - 1
    expect(await metadata.get())
      .to.equal(first)
      .and.equal(same)
    now = 60 * 60_000
    expect(await metadata.get()).not.to.equal(first)
    expect(asked).to.equal(2)
    metadata.forget()
    await metadata.get()
    expect(asked).to.equal(3)
  })

  it('is asked for again after a failure, which everybody who waited gets', async () => {
    let asked = 0
    const metadata = keepMetadata(async () => {
      asked += 1
      if (asked === 1) throw new Error('It is away.')
      return configurationOf(asked)
    })
    const both = await Promise.allSettled([metadata.get(), metadata.get()])
    expect(both.map(({ status }) => status)).to.deep.equal(['rejected', 'rejected'])
    expect(await metadata.get()).to.be.instanceOf(Configuration)
    expect(asked).to.equal(2)
  })
})
