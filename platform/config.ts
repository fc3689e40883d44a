// The only reader of the environment: one schema, parsed once, frozen, every fault listed at once.
// Secrets are wrapped so that logging or printing the configuration can't show them.
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { loadEnvFile } from 'node:process'
import { type Environment, crossChecks, environmentSchema } from './environment.ts'
import { SecretValue } from './secret-value.ts'

/** What is tried first where no port is given. */
export const defaultPorts = { api: 3_000, temporalUi: 8_233 } as const

function toModels(env: Environment) {
  return {
    openai: { apiKey: env.OPENAI_API_KEY, baseUrl: env.OPENAI_BASE_URL },
    anthropic: { apiKey: env.ANTHROPIC_API_KEY, baseUrl: env.ANTHROPIC_BASE_URL },
    ollama: {
      host: env.OLLAMA_HOST,
      apiKey: env.OLLAMA_API_KEY,
      /** Tokens; the server keeps memory for as many, 2 GB at this default with a model of 8 billion parameters. */
      contextWindow: env.CDSA_LLM_CONTEXT_WINDOW ?? 16_384,
    },
    defaultModel: env.CDSA_DEFAULT_MODEL,
    embeddingModel: env.CDSA_EMBEDDING_MODEL,
    /** How long a provider may be silent before a call is given up. */
    stallTimeoutMs: env.CDSA_LLM_STALL_TIMEOUT_MS,
    /** Tokens; for models that the platform's catalogue doesn't know, as on a compatible server. */
    unknownContextWindow: env.CDSA_LLM_CONTEXT_WINDOW ?? 32_768,
  }
}

/** Undefined where nobody signs in by OpenID Connect. */
function toOidc({ OIDC_ISSUER: issuer, OIDC_CLIENT_ID: clientId, OIDC_CLIENT_SECRET: clientSecret }: Environment) {
  return issuer === undefined || clientId === undefined ? undefined : { issuer, clientId, clientSecret }
}

function toConfig(env: Environment) {
  return {
    environment: env.NODE_ENV,
    logLevel: env.LOG_LEVEL,
    dataDir: resolve(env.CDSA_DATA_DIR),
    http: {
      /** undefined: the default port, or the next free one. A given port must be free. */
      port: env.PORT,
      host: env.HOST,
      corsOrigins: env.CDSA_CORS_ORIGINS,
      /** Of Temporal Web UIs whose pages may have payloads decoded. */
      codecOrigins: env.CDSA_CODEC_ORIGINS,
      trustProxy: env.CDSA_TRUST_PROXY,
      heartbeatMs: env.CDSA_SSE_HEARTBEAT_MS,
      uploadLimitBytes: Math.floor(env.CDSA_UPLOAD_LIMIT_MB * 1024 * 1024),
    },
    /** `host:port` each: what may be reached beside the public internet's web ports. */
    egressAllow: env.CDSA_EGRESS_ALLOW,
    /** Without a server, mails are written to files below `dataDir`. */
    mail: { smtpUrl: env.SMTP_URL, from: env.CDSA_MAIL_FROM },
    database: { url: env.DATABASE_URL, ownerUrl: env.DATABASE_OWNER_URL ?? env.DATABASE_URL },
    redisUrl: env.REDIS_URL,
    temporal: {
      address: env.TEMPORAL_ADDRESS,
      namespace: env.TEMPORAL_NAMESPACE,
      apiKey: env.TEMPORAL_API_KEY,
      tls: {
        certFile: env.TEMPORAL_TLS_CERT_FILE,
        keyFile: env.TEMPORAL_TLS_KEY_FILE,
        caFile: env.TEMPORAL_TLS_CA_FILE,
        serverName: env.TEMPORAL_TLS_SERVER_NAME,
      },
      cliPath: env.TEMPORAL_CLI_PATH,
      uiPort: env.TEMPORAL_UI_PORT,
      queuePrefix: env.CDSA_TASK_QUEUE_PREFIX,
    },
    auth: {
      /** Under which browsers reach the API; never taken from a request, whose sender names what host they like. */
      publicUrl: env.CDSA_PUBLIC_URL,
      registration: env.CDSA_REGISTRATION,
      oidc: toOidc(env),
      /** What every limit of rates is multiplied by. */
      rateLimitFactor: env.CDSA_RATE_LIMIT_FACTOR,
    },
    admin: { email: env.CDSA_ADMIN_EMAIL, password: env.CDSA_ADMIN_PASSWORD },
    /** Each of one use: the vault's values, everything else that is kept secret, the audit log's signature. */
    keys: { master: env.CDSA_MASTER_KEY, platform: env.CDSA_PLATFORM_KEY, audit: env.CDSA_AUDIT_KEY },
    bcryptCost: env.CDSA_BCRYPT_COST,
    llm: toModels(env),
    shutdownGraceMs: env.CDSA_SHUTDOWN_GRACE_MS,
    streamRetentionSeconds: env.CDSA_STREAM_RETENTION_SECONDS,
    turnTimeoutMs: env.CDSA_TURN_TIMEOUT_MS,
    /** How far a turn may go with its tools: see domain/chat/turn-bounds.ts. */
    turnBounds: {
      maxSteps: env.CDSA_TURN_MAX_STEPS,
      maxTokens: env.CDSA_TURN_MAX_TOKENS,
      maxSeconds: env.CDSA_TURN_MAX_SECONDS,
    },
    /** From the start of a tool's run to the end of its last attempt. */
    toolTimeoutMs: env.CDSA_TOOL_TIMEOUT_MS,
    /** How long a step of a rotation tries to reach its target before the rotation is taken back. */
    rotationTimeoutMs: env.CDSA_ROTATION_TIMEOUT_MS,
    /** See domain/auth/token-times.ts. */
    tokenTimes: { accessTokenSeconds: env.CDSA_ACCESS_TOKEN_SECONDS, jwksMaxAgeSeconds: env.CDSA_JWKS_MAX_AGE_SECONDS },
    audit: {
      /** How often the log is sealed; an interval in which nothing happened adds a heartbeat of some 600 bytes. */
      sealSeconds: env.CDSA_AUDIT_SEAL_SECONDS,
      /** Raised by the operator who restored an older database: the log goes on under a new name. */
      generation: env.CDSA_AUDIT_GENERATION,
    },
  }
}

export type Config = ReturnType<typeof toConfig>

/** Raised at boot only: the message lists every faulty variable, one a line, and never a value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

function deepFreeze<T extends object>(value: T): T {
  for (const child of Object.values(value)) {
    if (typeof child === 'object' && child !== null && !(child instanceof SecretValue)) deepFreeze(child as object)
  }
  return Object.freeze(value)
}

/** Parses an environment. Empty strings count as absent, as in a `.env` file with blanks. Throws ConfigError. */
export function parseConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  )
  const result = environmentSchema.safeParse(given)
  const faults = result.success
    ? crossChecks.filter((check) => check.broken(result.data)).map((check) => check.message)
    : result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
  if (!result.success || faults.length > 0) {
    throw new ConfigError(
      `The configuration has ${faults.length} fault(s):\n${faults.map((fault) => `  - ${fault}`).join('\n')}`,
    )
  }
  return deepFreeze(toConfig(result.data))
}

/** Reads `.env` of the working directory (real variables win), then the environment. Throws ConfigError. */
export function loadConfig(): Config {
  if (existsSync('.env')) loadEnvFile('.env')
  return parseConfig(process.env)
}
