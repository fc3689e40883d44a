// The time in zones whose offsets change, are odd, or aren't known.
import { expect } from 'chai'
import { createCurrentTime } from '../../../platform/tools/current-time.ts'
import { appErrorOf } from '../../support/app-error-of.ts'
import { testCall } from '../../support/tool-call.ts'

const at = (iso: string) => createCurrentTime({ now: () => Date.parse(iso) })

describe('the tool current_time', () => {
  it('answers in UTC by default', async () => {
    expect(await at('2026-02-28T23:59:59.900Z').run({}, testCall())).to.deep.equal({
      iso: '2026-02-28T23:59:59+00:00',
      timeZone: 'UTC',
      utcOffset: '+00:00',
      weekday: 'Saturday',
      unixSeconds: 1_772_323_199,
    })
  })

  it('knows the offset that a zone has at that time, and its day', async () => {
    const summer = await at('2026-07-01T22:30:00Z').run({ timeZone: 'Europe/Berlin' }, testCall())
    expect(summer).to.include({ iso: '2026-07-02T00:30:00+02:00', weekday: 'Thursday', utcOffset: '+02:00' })
    const winter = await at('2026-01-01T00:15:00Z').run({ timeZone: 'America/St_Johns' }, testCall())
    expect(winter).to.include({ iso: '2025-12-31T20:45:00-03:30', utcOffset: '-03:30' })
    const half = await at('2026-01-01T00:15:00Z').run({ timeZone: 'Asia/Kathmandu' }, testCall())
    expect(half).to.include({ iso: '2026-01-01T06:00:00+05:45' })
    for (const timeZone of ['Europe/Berlin', 'Asia/Kathmandu']) {
      const { iso, unixSeconds } = (await at('2026-07-01T22:30:00Z').run({ timeZone }, testCall())) as {
        iso: string
        unixSeconds: number
      }
      expect(Date.parse(iso) / 1_000).to.equal(unixSeconds)
    }
  })

  it('refuses what is no zone, naming the argument', async () => {
    for (const timeZone of ['Mars/Olympus', '', '+02:00', 'Europe/../Berlin', 'x'.repeat(100)]) {
      const error = await appErrorOf(at('2026-07-01T00:00:00Z').run({ timeZone }, testCall()))
      expect(error.code, timeZone).to.equal('tool.arguments_invalid')
      expect(error.errors?.[0]?.path, timeZone).to.equal('timeZone')
    }
    expect((await appErrorOf(at('2026-07-01T00:00:00Z').run({ zone: 'UTC' }, testCall()))).code).to.equal(
      'tool.arguments_invalid',
    )
  })
})
