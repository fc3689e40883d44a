// Long computations in steps, so that pure code can let others go on in between without knowing of event loops: a
// generator that yields wherever it may be interrupted, and whose return value is the result.

export type Steps<Result> = Generator<undefined, Result, undefined>

/** Runs to the end without a pause. */
export function inOneGo<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const { done, value } = steps.next()
    if (done === true) return value
  }
}
