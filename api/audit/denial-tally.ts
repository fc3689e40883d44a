// How many refusals each caller had in the present window, and which of them get an event of their own. Its size is bounded:
// callers without an account who come after the common limit are one.
import type { Actor } from '../../platform/auth/actor.ts'
import { addressPrefix } from './address-prefix.ts'

export interface DenialLimits {
  readonly windowMs: number
  /** Refusals of one account, or of one address prefix, that get an event of their own in a window. */
  readonly ofOne: number
  /** Those of all callers without an account together. */
  readonly ofAnonymous: number
}

export interface RefusedCaller {
  readonly actor: Actor | undefined
  readonly ip: string | undefined
}

/** `ip` is undefined for the callers that are counted as one. */
export interface CountedCaller extends RefusedCaller {
  readonly key: string
  readonly counted: number
}

export interface DenialTally {
  /** True: this refusal gets an event of its own. False: it was counted. */
  admit(caller: RefusedCaller): boolean
  /** Ends the window, and gives whom refusals were only counted for. */
  take(): CountedCaller[]
  /** Into the present window, when a count couldn't be told. */
  putBack(caller: CountedCaller): void
}

interface Entry extends RefusedCaller {
  own: number
  counted: number
}

export function createDenialTally({ ofOne, ofAnonymous }: DenialLimits): DenialTally {
  let entries = new Map<string, Entry>()
  let anonymous = 0
  const entryOf = (key: string, { actor, ip }: RefusedCaller): Entry => {
    const entry = entries.get(key) ?? { actor, ip, own: 0, counted: 0 }
    entries.set(key, entry)
    return entry
  }
  return {
    admit: ({ actor, ip }) => {
      if (actor === undefined && anonymous >= ofAnonymous) {
        const known = entries.get(addressPrefix(ip))
        const entry = known ?? entryOf('', { actor, ip: undefined })
        entry.counted += 1
        return false
      }
      const entry = entryOf(actor?.userId ?? addressPrefix(ip), { actor, ip })
      if (entry.own >= ofOne) {
        entry.counted += 1
        return false
      }
      entry.own += 1
      if (actor === undefined) anonymous += 1
      return true
    },
    take: () => {
      const taken = [...entries].filter(([, { counted }]) => counted > 0)
      entries = new Map()
      anonymous = 0
      return taken.map(([key, { actor, ip, counted }]) => ({ key, actor, ip, counted }))
    },
    putBack: ({ key, counted, ...caller }) => {
      entryOf(key, caller).counted += counted
    },
  }
}
