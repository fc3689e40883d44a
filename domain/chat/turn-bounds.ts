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

const grouped = (count: number): string => count.toString().replace(/\B(?=(\d{3})+$)/g, ',')

/** What the turn's answer says where it may go no further; undefined where it may. */
export function boundNotice(spent: TurnSpent, bounds: TurnBounds): string | undefined {
  const limit =
    spent.steps >= bounds.maxSteps
      ? `${grouped(bounds.maxSteps)} steps`
      : spent.tokens >= bounds.maxTokens
        ? `${grouped(bounds.maxTokens)} tokens`
        : spent.seconds >= bounds.maxSeconds
          ? `${grouped(bounds.maxSeconds)} seconds of work`
          : undefined
  return limit === undefined
    ? undefined
    : `(Stopped: this turn reached its limit of ${limit}. No further tool was run.)`
}
