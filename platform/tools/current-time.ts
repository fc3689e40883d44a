// `current_time`: models know neither the date nor a zone's offset on it, and guess both.
import { z } from 'zod'
import { type BuiltinTool, badArgument, defineBuiltinTool } from './tool-runner.ts'

const input = z.strictObject({
  timeZone: z.string().max(64).describe('An IANA time zone such as Europe/Berlin; UTC when left out.').optional(),
})

/** Undefined for a name that no zone has. Newer runtimes also take offsets, which are no names. */
function formatterOf(timeZone: string): Intl.DateTimeFormat | undefined {
  const fields = { year: 'numeric', month: '2-digit', day: '2-digit', weekday: 'long' } as const
  const time = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' } as const
  try {
    if (!/^[A-Za-z]/.test(timeZone)) return undefined
    return new Intl.DateTimeFormat('en-US', { ...fields, ...time, timeZone, timeZoneName: 'longOffset' })
  } catch {
    return undefined
  }
}

/** `now` gives milliseconds since 1970. Answers {iso, timeZone, utcOffset, weekday, unixSeconds}. */
export const createCurrentTime = ({ now }: { readonly now: () => number }): BuiltinTool =>
  defineBuiltinTool({
    name: 'current_time',
    description: 'The current date and time in a time zone, with the weekday and the offset from UTC.',
    sideEffects: false,
    requiresApproval: false,
    cacheTtlSeconds: 0,
    input,
    run: async ({ timeZone = 'UTC' }) => {
      const formatter = formatterOf(timeZone)
      if (formatter === undefined) throw badArgument('timeZone', 'must be an IANA time zone such as Europe/Berlin')
      const instant = now()
      const parts = Object.fromEntries(formatter.formatToParts(instant).map(({ type, value }) => [type, value]))
      const { year, month, day, hour, minute, second, weekday, timeZoneName = '' } = parts
      const utcOffset = timeZoneName.replace('GMT', '') || '+00:00'
      return {
        iso: `${year}-${month}-${day}T${hour}:${minute}:${second}${utcOffset}`,
        timeZone: formatter.resolvedOptions().timeZone,
        utcOffset,
        weekday,
        unixSeconds: Math.floor(instant / 1_000),
      }
    },
  })
