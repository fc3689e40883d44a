// What every use case and activity is given: built once at the start, closed in reverse order at the end.
// `Context` adds who asks; narrow both with `Pick` where a function needs less.
import type { Client } from '@temporalio/client'
import type { Registry } from 'prom-client'
import type { Db } from '../db/database.ts'
import type { AccessTokens } from './access-tokens.ts'
import type { Actor } from './auth/actor.ts'
import type { Actors } from './auth/actors.ts'
import type { ApprovalTokens } from './approval-tokens.ts'
import type { AuditSigner } from './audit/signer.ts'
import type { OneTimeCodes } from './auth/one-time-codes.ts'
import type { BlobStore } from './blobs/blob-store.ts'
import type { Config } from './config.ts'
import type { Egress } from './egress/guarded-fetch.ts'
import type { Embeddings } from './llm/embeddings.ts'
import type { LanguageModels } from './llm/language-models.ts'
import type { Logger } from './logger.ts'
import type { PlatformKeys } from './keys.ts'
import type { Oidc } from './oidc/oidc.ts'
import type { Passwords } from './passwords.ts'
import type { RateLimitName, RateLimits } from './rate-limits.ts'
import type { RefreshTokens } from './refresh-tokens.ts'
import type { SigningKeyStages } from './signing-key-stages.ts'
import type { SigningKeys } from './signing-keys.ts'
import type { Bus } from './stream/bus.ts'
import type { TurnStream } from './stream/turn-stream.ts'
import type { EagerStarts } from './temporal/eager-starts.ts'
import type { ToolContracts } from './tools/tool-contracts.ts'
import type { Vault } from './vault/vault.ts'

export interface Platform {
  readonly config: Config
  readonly log: Logger
  readonly metrics: Registry
  readonly keys: PlatformKeys
  readonly passwords: Passwords
  readonly oneTimeCodes: OneTimeCodes
  readonly signingKeys: SigningKeys
  readonly signingKeyStages: SigningKeyStages
  readonly accessTokens: AccessTokens
  readonly refreshTokens: RefreshTokens
  readonly actors: Actors
  readonly rateLimits: RateLimits
  readonly auditSigner: AuditSigner
  readonly db: Db
  readonly vault: Vault
  readonly temporal: Client
  readonly eagerStarts: EagerStarts
  readonly streams: TurnStream
  readonly bus: Bus
  /** Resolves when the token streams and the bus answer. */
  pingStreams(): Promise<void>
  readonly blobs: BlobStore
  readonly llm: LanguageModels
  readonly embeddings: Embeddings
  /** The only way to a host that a user, a model or a document named. */
  readonly egress: Egress
  /** Undefined where nobody signs in by OpenID Connect. */
  readonly oidc: Oidc | undefined
  readonly approvalTokens: ApprovalTokens
  readonly tools: ToolContracts
  /** Closes everything in reverse order; safe to call twice. */
  close(): Promise<void>
}

/** Counts what a request uses up of a limit. */
export interface RequestLimits {
  /** Throws `request.limited`. */
  consume(name: RateLimitName, subject: string): Promise<void>
  giveBack(name: RateLimitName, subject: string): Promise<void>
}

export interface RequestScope {
  readonly requestId: string
  /** Aborts when the client goes away or the server shuts down. */
  readonly signal: AbortSignal
  readonly ip: string | undefined
  readonly userAgent: string | undefined
  readonly limits: RequestLimits
  /** The value of a cookie that came along. */
  readonly cookie: (name: string) => string | undefined
  /** The client came over TLS, as far as trusted proxies say. */
  readonly secure: boolean
  /** The id for the resource that a creating request makes: a retry with the same Idempotency-Key gets the same one. */
  readonly newResourceId: string
}

export type PublicContext = Platform & RequestScope
export type Context = PublicContext & { readonly actor: Actor }
