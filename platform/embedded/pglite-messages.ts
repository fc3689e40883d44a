// What the supervisor and the PGlite process tell each other over IPC.
import type { ListenOptions } from 'node:net'
import type { ProcessIdentity } from './process-identity.ts'

/** The supervisor's first message: everything that the process needs to serve. */
export interface OpenRequest {
  readonly type: 'open'
  /** Holds the cluster, its lock and, if the path is short enough, the socket. */
  readonly directory: string
  readonly cacheDirectory: string
  readonly listen: ListenOptions
  readonly password: string | undefined
  readonly maxConnections: number
  readonly idleTransactionMs: number
  readonly parent: ProcessIdentity | undefined
}

export type ParentMessage = OpenRequest | { readonly type: 'ping' }

export type ChildMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'pong' }
  /** The process ends after it. `reason` is for the person at the terminal, if there is one to tell. */
  | { readonly type: 'failed'; readonly reason: string | undefined; readonly error: Record<string, unknown> }
  | { readonly type: 'trouble'; readonly task: string; readonly error: Record<string, unknown> }
