// The only way out to a host that somebody else named: a tool, a webhook, a secret's target. Deny by default: what isn't on
// the public internet's web ports must be on the administrator's list (docs/security.md; decision 023).
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Logger } from '../logger.ts'
import { openSocket, type TlsOptions } from './connect.ts'
import { type Deadline, startDeadline } from './deadline.ts'
import { type EgressAnswer, answerOf } from './egress-answer.ts'
import { type EgressSecret, headersForSecrets } from './egress-secret.ts'
import { type Exchange, exchange } from './http-exchange.ts'
import { type HostPort, parseHostPort } from './host-port.ts'
import type { OwnPort } from './own-ports.ts'
import { type HttpRequest, isRedirect, redirected } from './redirect.ts'
import { refusal } from './refusal.ts'
import { checkHeaders, type RequestHeaders } from './request-headers.ts'
import { type Lookup, resolveTarget, systemLookup, type TargetRules } from './resolve-target.ts'
import { parseTargetUrl, targetOf } from './target-url.ts'
import { markUnsent } from './unsent.ts'

export interface EgressFetchOptions {
  readonly method?: string
  readonly headers?: RequestHeaders
  /** Whole, because a redirect may need it again. */
  readonly body?: string | Uint8Array
  readonly signal?: AbortSignal
  /** Of the answer, unpacked. */
  readonly maxBytes?: number
  /** For everything, from the look-up to the last byte of the answer. */
  readonly timeoutMs?: number
  /** 0: a redirect is the answer. */
  readonly maxRedirects?: number
  readonly secrets?: readonly EgressSecret[]
}

export interface EgressConnectOptions {
  /** A name or an address. */
  readonly host: string
  readonly port: number
  /** Undefined or false: in the clear. */
  readonly tls?: boolean | TlsOptions
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

export interface Egress {
  /**
   * Throws AppError `egress.refused` (errors[0].message names the rule), `egress.timeout`, `egress.failed`; the signal's
   * reason once it is aborted. Reading the answer may throw the same, and `egress.too_large`.
   */
  fetch(url: string, options?: EgressFetchOptions): Promise<EgressAnswer>
  /** A socket to a checked address, for clients that don't speak HTTP. Throws as `fetch` does. */
  connect(options: EgressConnectOptions): Promise<Socket | TLSSocket>
  /** Closes the port of one of the platform's own listeners, once it is known. */
  addOwnPort(port: number): void
}

export interface EgressOptions {
  /** `host:port` each; other text opens nothing. */
  readonly allow: readonly string[]
  readonly ownPorts: readonly OwnPort[]
  readonly log: Logger
  /** In place of the system's. */
  readonly lookup?: Lookup
  /** PEM; in place of the system's authorities, for `fetch`. */
  readonly ca?: string
}

interface Following {
  readonly maxRedirects: number
  readonly deadline: Deadline
  /** Whether a first byte may have left. */
  readonly progress: { isSent: boolean }
}

const methods: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
const defaults = { maxBytes: 10 * 1024 * 1024, timeoutMs: 30_000, maxRedirects: 5 }

function requestOf(url: string, { method = 'GET', headers = {}, body, secrets = [] }: EgressFetchOptions): HttpRequest {
  if (!methods.includes(method)) throw refusal('method')
  const target = parseTargetUrl(url)
  const own = checkHeaders(headers)
  const secret = checkHeaders(headersForSecrets(secrets, target.origin))
  return { url: target, method, headers: { ...own, ...secret }, body }
}

export function createEgress({ allow, ownPorts, log, lookup = systemLookup, ca }: EgressOptions): Egress {
  const own = [...ownPorts]
  const entries = allow.map(parseHostPort).filter((entry) => entry !== undefined)
  const rules: TargetRules = { allow: entries, own, lookup, log }

  async function open(place: HostPort, tls: TlsOptions | undefined, deadline: Deadline): Promise<Socket | TLSSocket> {
    const target = await deadline.wait(resolveTarget(rules, place))
    return openSocket(target, { tls, signal: deadline.signal })
  }

  async function send(request: HttpRequest, { deadline, progress }: Following): Promise<Exchange> {
    const tls = request.url.protocol === 'https:' ? { ca } : undefined
    const socket = await open(targetOf(request.url), tls, deadline)
    progress.isSent = true
    return exchange(request, socket, deadline.signal)
  }

  async function follow(first: HttpRequest, following: Following) {
    const { maxRedirects } = following
    let request = first
    for (let followed = 0; ; followed += 1) {
      const answer = await send(request, following)
      const location = answer.headers.get('location')
      if (maxRedirects === 0 || !isRedirect(answer.status, location)) return { request, answer }
      answer.close()
      if (followed === maxRedirects) throw refusal('redirect.limit')
      request = redirected(request, answer.status, location)
    }
  }

  return {
    fetch: async (url, options = {}) => {
      const { maxBytes, timeoutMs, maxRedirects } = { ...defaults, ...options }
      const request = requestOf(url, options)
      const deadline = startDeadline(timeoutMs, options.signal)
      const progress = { isSent: false }
      try {
        const done = await follow(request, { maxRedirects, deadline, progress })
        return answerOf({ ...done, deadline, maxBytes, secrets: options.secrets ?? [] })
      } catch (error) {
        deadline.end()
        const failure = deadline.toError(error)
        throw progress.isSent ? failure : markUnsent(failure)
      }
    },
    connect: async ({ host, port, tls = false, timeoutMs = defaults.timeoutMs, signal }) => {
      const deadline = startDeadline(timeoutMs, signal)
      const tlsOptions = typeof tls === 'object' ? tls : {}
      try {
        return await open({ host, port }, tls === false ? undefined : tlsOptions, deadline)
      } catch (error) {
        throw deadline.toError(error)
      } finally {
        deadline.end()
      }
    },
    addOwnPort: (port) => void own.push({ host: undefined, first: port, last: port }),
  }
}
