// Waits for a condition of the outside world that has no event to wait on: asks again until it holds or time is up.
// The deadline only bounds a failing test; a passing one ends as soon as the condition holds.

/** Resolves with the first value that isn't undefined or false. Throws after `withinMs`. */
export async function eventually<T>(
  what: string,
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  withinMs = 20_000,
): Promise<T> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const answer = await ask()
    if (answer !== undefined && answer !== false) return answer
    if (performance.now() > deadline) throw new Error(`Waited ${withinMs} ms in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
