// What every test that kills real processes shares: how many kills, the seeded generator that chooses their moments, and
// the count of what went wrong, which must be nothing. `npm run test:chaos` asks for more kills and prints the counts.
import { appendFileSync } from 'node:fs'
import { expect } from 'chai'

/** Three in the suites that run every time. */
export const killCount = Number(process.env['CHAOS_KILLS'] ?? 3)

/** Printed with every failure; the same seed gives the same kill points. */
const seed = Number(process.env['CHAOS_SEED'] ?? Math.floor(Math.random() * 2 ** 31))

export interface Random {
  /** In [0, 1). */
  next(): number
  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number
  pick<T>(choices: readonly T[]): T
}

/** mulberry32 over the run's seed and a name, so that each check has a sequence of its own, whatever runs before it. */
export function createRandom(name: string): Random {
  let state = seed
  for (const character of name) state = Math.imul(state ^ (character.codePointAt(0) ?? 0), 0x01000193)
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const between = (least: number, most: number): number => least + Math.floor(next() * (most - least + 1))
  return {
    next,
    between,
    pick: (choices) => {
      const chosen = choices[between(0, choices.length - 1)]
      if (chosen === undefined) throw new Error('nothing to pick from')
      return chosen
    },
  }
}

/** Turns and tokens, or for an ingestion documents and chunks. */
export interface Tally {
  kills: number
  turns: number
  tokensLost: number
  tokensDuplicated: number
  outOfOrder: number
  messagesLost: number
  messagesDuplicated: number
}

export const createTally = (): Tally => ({
  kills: 0,
  turns: 0,
  tokensLost: 0,
  tokensDuplicated: 0,
  outOfOrder: 0,
  messagesLost: 0,
  messagesDuplicated: 0,
})

/** Compares what should have come, each once and in this order, with what came. */
export function countFaults(tally: Tally, expected: readonly string[], seen: readonly string[]): void {
  const places = new Map(expected.map((item, index) => [item, index]))
  const distinct = new Set(seen)
  tally.tokensLost += expected.filter((item) => !distinct.has(item)).length
  // What nobody sent counts as a duplicate: it's one too many.
  tally.tokensDuplicated += seen.length - [...distinct].filter((item) => places.has(item)).length
  for (const [index, item] of seen.entries()) {
    const before = seen[index - 1]
    if (before !== undefined && (places.get(item) ?? -1) < (places.get(before) ?? -1)) tally.outOfOrder += 1
  }
}

export interface Settled {
  readonly tally: Tally
  /** How many there were to be. */
  readonly kills: number
}

/** Fails after fewer kills than meant, and unless all else that was counted, turns aside, is 0; writes the counts down for the table either way. */
export function settle(check: string, platform: string, { tally, kills: meant }: Settled): void {
  const file = process.env['CHAOS_REPORT']
  if (file !== undefined) appendFileSync(file, `${JSON.stringify({ check, platform, ...tally })}\n`)
  const { kills, turns, ...faults } = tally
  const none = Object.fromEntries(Object.keys(faults).map((name) => [name, 0]))
  expect(kills, 'kills').to.be.at.least(meant)
  expect(turns, 'turns').to.be.greaterThan(0)
  expect(faults, `CHAOS_SEED=${seed}`).to.deep.equal(none)
}
