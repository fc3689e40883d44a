// The error that a promise rejects with, for tests that look at it.

/** Throws when the promise resolves, or rejects with something that is no Error. */
export async function rejection(promise: Promise<unknown>): Promise<Error> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof Error) return error
  throw new Error('The promise resolved, or rejected with something that is no Error.')
}
