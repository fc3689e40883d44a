// A steady load of authenticated requests by clients that sign in anew before their token expires, as an application's do.
// It is open-loop: a slow answer doesn't slow the next request down.
import { setTimeout as delay } from 'node:timers/promises'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { type ApiClient, type Credentials, signIn, signUp } from './api-client.ts'

export interface TokenLoad {
  /** How many requests were answered so, by status; 0 for one without an answer. */
  readonly statuses: ReadonlyMap<number, number>
  /** How many requests were answered with 200 by tokens of each key. */
  readonly accepted: ReadonlyMap<string, number>
  /** The tokens that the clients use now. */
  tokens(): string[]
  /** Resolves when every request has been answered. */
  stop(): Promise<void>
}

export interface TokenLoadOptions {
  readonly clients: number
  readonly requestsPerSecond: number
  /** A client signs in anew when its token has less left than this. */
  readonly renewMs: number
}

const add = (counts: Map<string | number, number>, what: string | number): void =>
  void counts.set(what, (counts.get(what) ?? 0) + 1)

export const keyOf = (token: string): string => decodeProtectedHeader(token).kid ?? ''
const leftMs = (token: string): number => (decodeJwt(token).exp ?? 0) * 1_000 - Date.now()

/** Registers the clients and begins. */
export async function startTokenLoad(apiUrl: string, options: TokenLoadOptions): Promise<TokenLoad> {
  const { clients, requestsPerSecond, renewMs } = options
  const statuses = new Map<string | number, number>()
  const accepted = new Map<string | number, number>()
  const ending = new AbortController()
  const users: { readonly credentials: Credentials; client: ApiClient }[] = []
  for (let made = 0; made < clients; made += 1) {
    const client = await signUp(apiUrl)
    users.push({ credentials: client, client })
  }

  const ask = async ({ token = '', get }: ApiClient): Promise<void> => {
    const status = await get('/auth/me').then(
      (answer) => answer.status,
      () => 0,
    )
    add(statuses, status)
    if (status === 200) add(accepted, keyOf(token))
  }
  const renewing = users.map(async (user) => {
    while (!ending.signal.aborted) {
      if (leftMs(user.client.token ?? '') < renewMs) user.client = await signIn(apiUrl, user.credentials)
      await delay(100)
    }
  })
  const asking = users.map(async (user, index) => {
    const everyMs = (1_000 * clients) / requestsPerSecond
    const begun = performance.now() + (index * everyMs) / clients
    const asked: Promise<void>[] = []
    for (let count = 0; !ending.signal.aborted; count += 1) {
      await delay(Math.max(0, begun + count * everyMs - performance.now()))
      asked.push(ask(user.client))
    }
    await Promise.all(asked)
  })
  // A failure is for whoever stops the load.
  const all = Promise.all([...renewing, ...asking])
  all.catch(() => undefined)
  return {
    statuses: statuses as ReadonlyMap<number, number>,
    accepted: accepted as ReadonlyMap<string, number>,
    tokens: () => users.map(({ client }) => client.token ?? ''),
    stop: async () => {
      ending.abort()
      await all
    },
  }
}
