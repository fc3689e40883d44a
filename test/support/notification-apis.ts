// API processes in small, with the routes of sign-in and notifications: each with a connection pool and a bus of its own,
// all on one database, and on one Redis where its URL is given.
import { Registry } from 'prom-client'
import { createDenials } from '../../api/audit/denials.ts'
import { createAuthenticate } from '../../api/auth/authenticate.ts'
import { routes as authRoutes } from '../../api/auth/routes.ts'
import { type RunningApi, startApi } from '../../api/main.ts'
import { routes as notificationRoutes } from '../../api/notifications/routes.ts'
import { setUserRoles } from '../../db/auth/roles.ts'
import type { Db } from '../../db/database.ts'
import { createNotifications } from '../../db/notifications/notifications.ts'
import { seed } from '../../db/seed.ts'
import type { NotificationContent } from '../../domain/notifications/notification.ts'
import { createLocalActorCache } from '../../platform/auth/actor-cache.ts'
import { createActors } from '../../platform/auth/actors.ts'
import { createRedisActorCache } from '../../platform/auth/redis-actor-cache.ts'
import { parseConfig } from '../../platform/config.ts'
import { SecretValue } from '../../platform/secret-value.ts'
import { announceNotifications } from '../../platform/notifications/announce-notifications.ts'
import type { Platform } from '../../platform/platform.ts'
import { createStreams } from '../../platform/stream/create-streams.ts'
import { type ApiClient, createApiClient, signIn } from './api-client.ts'
import { startTestDatabase } from './database.ts'
import { type OpenedEvents, openEvents } from './server-sent-events.ts'
import { makeUser, newPlatformKeys, signInParts } from './sign-in-parts.ts'

export type Account = ApiClient & { readonly userId: string }

export interface NotificationApis {
  readonly db: Db
  readonly urls: readonly string[]
  /** A new account, signed in at the first API. */
  account(...roles: string[]): Promise<Account>
  /** The same account at another API. */
  at(index: number, account: Account): Account
  /** Raises one as its cause would, on the API's platform; `quietly` as if the hint were lost. */
  notify(index: number, userIds: readonly string[], title: string, options?: { quietly?: boolean }): Promise<void>
  /** As an administrator does it at an API. */
  setRoles(index: number, userId: string, roles: readonly string[]): Promise<void>
  /** Ends one API in order. */
  close(index: number): Promise<void>
  stop(): Promise<void>
}

export const someNotification = (title: string): NotificationContent => ({
  kind: 'document.indexed',
  title,
  body: 'Body.',
  data: { documentId: title },
  dedupeKey: title,
})

/** Takes seconds: raise the timeout of the hook that calls it. */
export async function startNotificationApis(
  options: { readonly count?: number; readonly redisUrl?: string } = {},
): Promise<NotificationApis> {
  const database = await startTestDatabase()
  const keys = newPlatformKeys()
  const config = parseConfig({ PORT: '0', NODE_ENV: 'test', CDSA_SSE_HEARTBEAT_MS: '50' })
  const redisUrl = options.redisUrl === undefined ? undefined : new SecretValue(options.redisUrl)
  await seed(database.owner, { admin: {}, passwords: signInParts(database.db, { keys }).passwords })
  // Of all these APIs, for in memory it is right in one process alone.
  const localCache = createLocalActorCache()
  const started: { api: RunningApi; platform: Platform; closeStreams(): Promise<void> }[] = []
  for (let index = 0; index < (options.count ?? 1); index += 1) {
    const parts = signInParts(database.open(), { keys })
    const streams = createStreams({ redisUrl, retentionSeconds: 60, log: parts.log })
    // Everything that these routes use is real; the rest of the platform isn't there.
    const { bus, redis } = streams
    const cache = redis === undefined ? localCache : createRedisActorCache({ redis, log: parts.log })
    const actors = createActors({ ...parts, bus, cache })
    const platform = { ...parts, config, metrics: new Registry(), bus, actors } as unknown as Platform
    const routes = [...authRoutes, ...notificationRoutes]
    const api = await startApi(platform, {
      routes,
      authenticate: createAuthenticate(platform),
      denials: createDenials(platform),
    })
    started.push({ api, platform, closeStreams: streams.close })
  }
  const partsOf = (index: number) => {
    const parts = started[index]
    if (parts === undefined) throw new Error(`There is no API ${index}.`)
    return parts
  }
  return {
    db: database.db,
    urls: started.map(({ api }) => api.url),
    account: async (...roles) => {
      const { api, platform } = partsOf(0)
      const password = 'correct horse battery'
      const { id, email } = await makeUser(platform, { password, ...(roles.length === 0 ? {} : { roles }) })
      return { ...(await signIn(api.url, { email, password })), userId: id }
    },
    at: (index, { token, userId }) => ({ ...createApiClient(partsOf(index).api.url, token), userId }),
    notify: async (index, userIds, title, { quietly = false } = {}) => {
      const { platform } = partsOf(index)
      const notified = await platform.db.transaction((tx) =>
        createNotifications(tx, { ...someNotification(title), userIds }),
      )
      if (!quietly) await announceNotifications(platform, notified)
    },
    setRoles: async (index, userId, roles) => {
      const { actors, db } = partsOf(index).platform
      await actors.changing({ userIds: [userId] }, () => db.transaction((tx) => setUserRoles(tx, { userId, roles })))
    },
    close: (index) => partsOf(index).api.close(),
    stop: async () => {
      await Promise.all(started.map(({ api }) => api.close()))
      await Promise.all(started.map(({ closeStreams }) => closeStreams()))
      await database.stop()
    },
  }
}

export interface FollowedNotifications extends Pick<OpenedEvents, 'status' | 'comments' | 'close'> {
  /** What has come so far. */
  readonly seen: readonly { readonly id: string; readonly title: string; readonly kind: string }[]
  /** Resolves when the stream has ended, whoever ended it. */
  readonly ended: Promise<void>
}

export async function followNotifications(client: ApiClient, lastEventId?: string): Promise<FollowedNotifications> {
  const stream = await openEvents(`${client.apiUrl}/api/v1/notifications/stream`, {
    headers: { authorization: `Bearer ${client.token}` },
    ...(lastEventId === undefined ? {} : { lastEventId }),
  })
  const seen: { id: string; title: string; kind: string }[] = []
  const read = async (): Promise<void> => {
    for await (const { id, event, data } of stream.events) {
      if (event !== 'notification.created' || id === undefined) throw new Error(`an unknown event: ${event} ${id}`)
      const { title, kind } = JSON.parse(data) as { title: string; kind: string }
      seen.push({ id, title, kind })
    }
  }
  const ended = stream.status === 200 ? read() : Promise.resolve()
  return { status: stream.status, comments: stream.comments, close: stream.close, seen, ended }
}
