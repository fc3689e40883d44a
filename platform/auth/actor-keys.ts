// The names under which it is remembered who asks, and under which changes of it are told.
import type { Actor } from './actor.ts'

/** Whom a change is about. */
export interface Changed {
  readonly userIds?: readonly string[]
  readonly sessionIds?: readonly string[]
  readonly keyIds?: readonly string[]
  /** A role: whoever has it. */
  readonly everybody?: boolean
}

export const sessionKey = (id: string): string => `sess:${id}`
export const userKey = (id: string): string => `user:${id}`
export const apiKeyKey = (id: string): string => `key:${id}`
export const everybodyKey = 'grants'

export const keysOf = ({ userIds = [], sessionIds = [], keyIds = [], everybody = false }: Changed): string[] => [
  ...userIds.map(userKey),
  ...sessionIds.map(sessionKey),
  ...keyIds.map(apiKeyKey),
  ...(everybody ? [everybodyKey] : []),
]

export const channelOf = (key: string): string => `actor:${key}`

/** Where changes of an actor are told; hints only. */
export const channelsOf = ({ userId, sessionId, apiKeyId }: Actor): string[] =>
  keysOf({
    userIds: [userId],
    sessionIds: sessionId === undefined ? [] : [sessionId],
    keyIds: apiKeyId === undefined ? [] : [apiKeyId],
    everybody: true,
  }).map(channelOf)
