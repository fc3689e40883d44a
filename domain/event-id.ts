// Ids of server-sent events that can be resumed: `<epoch>-<sequence>`, as in a Redis Stream, ordered by both parts.

export interface EventId {
  readonly epoch: number
  readonly sequence: number
}

export const formatEventId = ({ epoch, sequence }: EventId): string => `${epoch}-${sequence}`

/** Reads a `Last-Event-ID`; undefined when it isn't one of ours. */
export function parseEventId(text: string): EventId | undefined {
  const match = /^(\d{1,10})-(\d{1,15})$/.exec(text)
  return match === null ? undefined : { epoch: Number(match[1]), sequence: Number(match[2]) }
}

export const compareEventIds = (a: EventId, b: EventId): number => a.epoch - b.epoch || a.sequence - b.sequence
