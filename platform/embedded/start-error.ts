// Why the platform can't start, in words for the person at the terminal: what is wrong and what to do about it.
// The start command prints its message alone, without a stack, so a message never carries a secret.

/** Raised while the platform starts, never in a request. */
export class StartError extends Error {
  override readonly name = 'StartError'
}
