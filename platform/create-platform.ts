// Builds the Platform from the configuration, in order, and closes it in reverse.
import { join } from 'node:path'
import { Registry } from 'prom-client'
import { openDatabase } from '../db/database.ts'
import { AppError } from '../domain/errors.ts'
import { createAccessTokens } from './access-tokens.ts'
import { createActors } from './auth/actors.ts'
import { createLocalActorCache } from './auth/actor-cache.ts'
import { createOneTimeCodes } from './auth/one-time-codes.ts'
import { createRedisActorCache } from './auth/redis-actor-cache.ts'
import { createApprovalTokens } from './approval-tokens.ts'
import { createAuditSigner } from './audit/signer.ts'
import { createFileBlobStore } from './blobs/file-blob-store.ts'
import type { Config } from './config.ts'
import { createEgress } from './egress/guarded-fetch.ts'
import { ownPortsOf } from './egress/own-ports.ts'
import { loadPlatformKeys } from './keys.ts'
import { createEmbeddings } from './llm/embeddings.ts'
import { createLanguageModels } from './llm/language-models.ts'
import { createLogger } from './logger.ts'
import { createOidc } from './oidc/oidc.ts'
import { createPasswords } from './passwords.ts'
import type { Platform } from './platform.ts'
import { createRateLimits } from './rate-limits.ts'
import { createRefreshTokens } from './refresh-tokens.ts'
import { createSigningKeyStages } from './signing-key-stages.ts'
import { createSigningKeys } from './signing-keys.ts'
import { createStreams } from './stream/create-streams.ts'
import { createEagerStarts } from './temporal/eager-starts.ts'
import { createTemporalClient } from './temporal/temporal-client.ts'
import { createToolContracts } from './tools/tool-contracts.ts'
import { createLocalKeyProvider } from './vault/key-provider.ts'
import { createVault } from './vault/vault.ts'

/** `name` stands in the logs. Nothing connects before its first use, except the embedded parts' files. */
export async function createPlatform(config: Config, { name }: { readonly name: string }): Promise<Platform> {
  if (config.database.url === undefined)
    throw new AppError('service.unavailable', { detail: 'DATABASE_URL isn’t set.' })
  const log = createLogger({ level: config.logLevel, name })
  const keys = await loadPlatformKeys({ config, log })
  const times = config.tokenTimes
  const auditSigner = await createAuditSigner({ config, log })
  const db = openDatabase({ url: config.database.url.reveal() })
  const signingKeys = createSigningKeys({ db, keys, times })
  const vault = createVault({ db, keys: await createLocalKeyProvider({ config, log }) })
  const temporal = await createTemporalClient(config, keys)
  const egress = createEgress({ allow: config.egressAllow, ownPorts: ownPortsOf(config), log })
  const streams = createStreams({ redisUrl: config.redisUrl, retentionSeconds: config.streamRetentionSeconds, log })
  const actorCache =
    streams.redis === undefined ? createLocalActorCache() : createRedisActorCache({ redis: streams.redis, log })
  // Temporal's client last, when nothing is awaited any more: a call of it that waits for its next try while the server
  // is away fails in a timer on a closed connection, which would end the process as a fault.
  const closers = [() => temporal.connection.close(), () => db.close(), () => streams.close()]
  let closed: Promise<void> | undefined
  const close = async (): Promise<void> => {
    for (const closer of closers.toReversed()) {
      await closer().catch((error: unknown) => log.warn({ err: error }, 'a part of the platform didn’t close cleanly'))
    }
  }
  return {
    config,
    log,
    metrics: new Registry(),
    keys,
    passwords: createPasswords({ keys, cost: config.bcryptCost }),
    oneTimeCodes: createOneTimeCodes({ keys }),
    signingKeys,
    signingKeyStages: createSigningKeyStages({ db, keys, signingKeys, times }),
    accessTokens: createAccessTokens(signingKeys, times),
    refreshTokens: createRefreshTokens(keys),
    actors: createActors({ db, bus: streams.bus, cache: actorCache, log }),
    rateLimits: createRateLimits({ redis: streams.redis, keys, factor: config.auth.rateLimitFactor }),
    approvalTokens: createApprovalTokens(signingKeys, times),
    auditSigner,
    db,
    vault,
    temporal,
    eagerStarts: createEagerStarts(),
    streams: streams.streams,
    bus: streams.bus,
    pingStreams: streams.ping,
    blobs: createFileBlobStore({ directory: join(config.dataDir, 'blobs') }),
    llm: createLanguageModels(config),
    embeddings: createEmbeddings(config),
    egress,
    oidc: createOidc({ config, egress, log }),
    tools: createToolContracts(),
    close: () => (closed ??= close()),
  }
}
