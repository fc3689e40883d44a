// How far a turn may go with its tools. A model that never stops calling them is stopped, and the answer says so.

export interface TurnBounds {
  readonly maxSteps: number
  /** Of input and output, over all steps. */
  readonly maxTokens: number
  /** Of work: models that answer and tools that run, not approvals that are waited for. */
  readonly maxSeconds: number
}

export interface TurnSpent {
  readonly steps: number
  readonly tokens: number
  readonly seconds: number
}

const counted = (count: number, noun: string): string =>
  `${count.toString().replace(/\B(?=(\d{3})+$)/g, ',')} ${noun}${count === 1 ? '' : 's'}`

/** What the turn's answer says where it may go no further; undefined where it may. */
export function boundNotice(spent: TurnSpent, bounds: TurnBounds): string | undefined {
  const limit =
    spent.steps >= bounds.maxSteps
      ? counted(bounds.maxSteps, 'step')
      : spent.tokens >= bounds.maxTokens
        ? counted(bounds.maxTokens, 'token')
        : spent.seconds >= bounds.maxSeconds
          ? `${counted(bounds.maxSeconds, 'second')} of work`
          : undefined
  return limit === undefined
    ? undefined
    : `(Stopped: this turn reached its limit of ${limit}. No further tool was run.)`
}
