// How long a supervisor waits before it starts a dead part again: not at all the first time, so that a single crash
// goes by unnoticed, then longer and longer, so that a part that can't start doesn't burn the machine.

export interface RestartDelayOptions {
  readonly firstMs: number
  readonly maxMs: number
  /** A part that served this long can start: it waits `firstMs` at most, but no death is forgotten, or it could spin. */
  readonly startedMs: number
  /** A part that served this long was well: its next death counts as the first again. */
  readonly healthyMs: number
}

const defaults: RestartDelayOptions = { firstMs: 500, maxMs: 10_000, startedMs: 1_000, healthyMs: 30_000 }

/** A function from how long the dead part had served to the delay before its restart, both in milliseconds; it counts the deaths. */
export function createRestartDelay(options: RestartDelayOptions = defaults): (servedMs: number) => number {
  let deaths = 0
  return (servedMs) => {
    if (servedMs >= options.healthyMs) deaths = 0
    else if (servedMs >= options.startedMs) deaths = Math.min(deaths, 1)
    deaths += 1
    return deaths === 1 ? 0 : Math.min(options.firstMs * 2 ** (deaths - 2), options.maxMs)
  }
}
