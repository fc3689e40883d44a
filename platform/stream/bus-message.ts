// How a message crosses the bus: as JSON, parsed anew for every handler, whatever carries it.
// A handler's failure ends with the handler, for the others have a right to the message too.
import type { Logger } from '../logger.ts'

export const encodeMessage = (message: unknown): string => JSON.stringify(message) ?? 'null'

/** Never throws. */
export function deliverMessage({
  payload,
  handler,
  log,
}: {
  readonly payload: string
  readonly handler: (message: unknown) => void
  readonly log: Logger
}): void {
  try {
    handler(JSON.parse(payload))
  } catch (error) {
    log.error({ err: error }, 'a handler of the bus failed')
  }
}
