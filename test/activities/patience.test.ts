// How often a provider's failure is tried again, how long apart, and what Temporal is told in the end.
import { ApplicationFailure } from '@temporalio/common'
import { expect } from 'chai'
import { withPatience } from '../../activities/patience.ts'
import { toApplicationFailure } from '../../activities/application-failure.ts'
import { AppError } from '../../domain/errors.ts'

const told = (error: unknown, failures: number, { elapsedMs = 0, providerMs = 0 } = {}): ApplicationFailure => {
  const failure = toApplicationFailure(withPatience(error, { failures, elapsedMs, providerMs }))
  expect(failure).to.be.instanceOf(ApplicationFailure)
  return failure as ApplicationFailure
}

describe('patience with a provider', () => {
  it('doubles the wait from one second on, and ends with the fifth attempt', () => {
    const waits = [1, 2, 3, 4].map((attempt) => told(new AppError('llm.unavailable'), attempt))
    expect(waits.map(({ nextRetryDelay }) => nextRetryDelay)).to.deep.equal([1_000, 2_000, 4_000, 8_000])
    expect(waits.some(({ nonRetryable }) => nonRetryable)).to.equal(false)
    const last = told(new AppError('llm.unavailable', { detail: 'It is down.' }), 5)
    expect([last.nonRetryable, last.type, last.message]).to.deep.equal([true, 'llm.unavailable', 'It is down.'])
  })

  it('waits as long as the provider asks, but not longer than a minute', () => {
    expect(told(new AppError('llm.rate_limited', { retryAfterMs: 30_000 }), 1).nextRetryDelay).to.equal(30_000)
    expect(told(new AppError('llm.rate_limited', { retryAfterMs: 3_600_000 }), 1).nonRetryable).to.equal(true)
  })

  it('is longer for work that nobody watches: a minute between attempts, until the time is up', () => {
    const error = new AppError('llm.unavailable')
    expect(told(error, 20, { elapsedMs: 599_000, providerMs: 600_000 }).nextRetryDelay).to.equal(60_000)
    expect(told(error, 20, { elapsedMs: 600_000, providerMs: 600_000 }).nonRetryable).to.equal(true)
    expect(told(error, 4, { elapsedMs: 600_000, providerMs: 600_000 }).nonRetryable).to.equal(false)
    const limited = new AppError('llm.rate_limited', { retryAfterMs: 300_000 })
    expect(told(limited, 1, { providerMs: 600_000 }).nextRetryDelay).to.equal(300_000)
    expect(told(limited, 1, { elapsedMs: 400_000, providerMs: 600_000 }).nonRetryable).to.equal(true)
  })

  it('never tries a rejected request again, and an unnamed fault nine times; an outage has no end of its own', () => {
    expect(told(new AppError('llm.rejected'), 1).nonRetryable).to.equal(true)
    const foreign = told(new Error('canary: select * from secrets'), 1)
    expect([foreign.type, foreign.nonRetryable]).to.deep.equal(['internal', false])
    expect(told(new AppError('internal', { detail: 'A batch is missing.' }), 9).nonRetryable).to.equal(false)
    expect(told(new Error('canary'), 10).nonRetryable).to.equal(true)
    expect(told(new AppError('service.unavailable'), 1_000).nonRetryable).to.equal(false)
    const crashed = new AppError('document.parser_crashed')
    expect([told(crashed, 1).nonRetryable, told(crashed, 2).type]).to.deep.equal([false, 'document.broken'])
    expect(JSON.stringify([foreign.message, foreign.details, foreign.cause])).not.to.include('canary')
  })
})
