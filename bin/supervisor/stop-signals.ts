// Ctrl-C, SIGTERM, a closed terminal or a gone parent ask for a stop; a second Ctrl-C asks for an end at once. npm
// passes a signal on that the terminal has sent to everyone already, so two within a moment are one.

const onePressMs = 500

/** Pure: tells a repeated request from the echo of the first. */
export function createRequestCounter(): (atMs: number) => 'first' | 'echo' | 'again' {
  let firstAt: number | undefined
  return (atMs) => {
    if (firstAt === undefined) {
      firstAt = atMs
      return 'first'
    }
    return atMs - firstAt < onePressMs ? 'echo' : 'again'
  }
}

/** Calls `stop` at the first request and `kill`, where there is one, at a later one. */
export function onStopRequests(actions: { stop(): void; kill?(): void }): void {
  const count = createRequestCounter()
  const request = (): void => {
    const which = count(performance.now())
    if (which === 'first') actions.stop()
    if (which === 'again') actions.kill?.()
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, request)
  if (process.send === undefined) return
  // Spawned with a channel: a parent that is gone, maybe since before this line, can't ask for anything any more. It
  // never means "at once": it may have asked for a stop and ended.
  const orphaned = (): void => {
    if (count(performance.now()) === 'first') actions.stop()
  }
  if (process.connected) process.once('disconnect', orphaned)
  else orphaned()
}
