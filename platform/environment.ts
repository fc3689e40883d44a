// The environment's variables: what each may be, and what they may be together. Only config.ts
// reads their values.
import { z } from 'zod'
import { defaultTokenTimes } from '../domain/auth/token-times.ts'
import { list, milliseconds, modelName, ollamaHost, origin, port, secret, smtpUrl } from './config-fields.ts'
import { parseHostPort } from './egress/host-port.ts'
import { isLoopbackHost, isOverTlsOrLocal, issuerUrl } from './web-address.ts'

export const environmentSchema = z.object({
  NODE_ENV: z.string().default('development'),
  PORT: port.optional(),
  HOST: z.string().default('127.0.0.1'),
  TEMPORAL_UI_PORT: port.optional(),
  DATABASE_URL: secret.optional(),
  DATABASE_OWNER_URL: secret.optional(),
  REDIS_URL: secret.optional(),
  TEMPORAL_ADDRESS: z.string().optional(),
  TEMPORAL_NAMESPACE: z.string().default('default'),
  TEMPORAL_API_KEY: secret.optional(),
  TEMPORAL_TLS_CERT_FILE: z.string().optional(),
  TEMPORAL_TLS_KEY_FILE: z.string().optional(),
  TEMPORAL_TLS_CA_FILE: z.string().optional(),
  TEMPORAL_TLS_SERVER_NAME: z.string().optional(),
  TEMPORAL_CLI_PATH: z.string().optional(),
  CDSA_DATA_DIR: z.string().default('.data'),
  CDSA_ADMIN_EMAIL: z.email().optional(),
  CDSA_ADMIN_PASSWORD: secret.optional(),
  CDSA_MASTER_KEY: secret.optional(),
  CDSA_PLATFORM_KEY: secret.optional(),
  CDSA_AUDIT_KEY: secret.optional(),
  OPENAI_API_KEY: secret.optional(),
  OPENAI_BASE_URL: z.url().optional(),
  ANTHROPIC_API_KEY: secret.optional(),
  ANTHROPIC_BASE_URL: z.url().optional(),
  OLLAMA_HOST: ollamaHost.optional(),
  OLLAMA_API_KEY: secret.optional(),
  CDSA_DEFAULT_MODEL: modelName.optional(),
  CDSA_EMBEDDING_MODEL: modelName.optional(),
  /** Node's `fetch` ends a silent answer after 300 s by itself. */
  CDSA_LLM_STALL_TIMEOUT_MS: z.coerce.number().int().positive().max(290_000).default(60_000),
  CDSA_LLM_CONTEXT_WINDOW: z.coerce.number().int().min(1_024).optional(),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  CDSA_CORS_ORIGINS: list.default([]),
  CDSA_CODEC_ORIGINS: list.pipe(z.array(origin)).default([]),
  CDSA_TRUST_PROXY: z.string().optional(),
  CDSA_PUBLIC_URL: origin.optional(),
  CDSA_REGISTRATION: z.enum(['open', 'closed']).default('open'),
  CDSA_RATE_LIMIT_FACTOR: z.coerce.number().positive().max(1_000_000).default(1),
  OIDC_ISSUER: issuerUrl.optional(),
  OIDC_CLIENT_ID: z.string().optional(),
  OIDC_CLIENT_SECRET: secret.optional(),
  CDSA_EGRESS_ALLOW: list
    .refine(
      (entries) => entries.every((entry) => parseHostPort(entry) !== undefined),
      'is a list of host:port, an IPv6 address in brackets',
    )
    .default([]),
  SMTP_URL: smtpUrl.optional(),
  CDSA_TOOL_TIMEOUT_MS: milliseconds(120_000),
  CDSA_MAIL_FROM: z.email().default('cdsa@localhost.localdomain'),
  CDSA_BCRYPT_COST: z.coerce.number().int().min(4).max(15).default(12),
  CDSA_UPLOAD_LIMIT_MB: z.coerce.number().positive().max(1024).default(100),
  CDSA_SHUTDOWN_GRACE_MS: milliseconds(5_000),
  CDSA_SSE_HEARTBEAT_MS: milliseconds(15_000),
  CDSA_STREAM_RETENTION_SECONDS: z.coerce.number().int().positive().default(3_600),
  CDSA_TURN_TIMEOUT_MS: milliseconds(30 * 60_000),
  CDSA_TURN_MAX_STEPS: z.coerce.number().int().min(1).max(100).default(10),
  CDSA_TURN_MAX_TOKENS: z.coerce.number().int().min(1).default(200_000),
  CDSA_TURN_MAX_SECONDS: z.coerce.number().int().min(1).max(2_000_000).default(1_800),
  CDSA_ROTATION_TIMEOUT_MS: milliseconds(120_000),
  CDSA_ACCESS_TOKEN_SECONDS: z.coerce.number().int().min(1).max(3_600).default(defaultTokenTimes.accessTokenSeconds),
  CDSA_JWKS_MAX_AGE_SECONDS: z.coerce.number().int().min(1).max(86_400).default(defaultTokenTimes.jwksMaxAgeSeconds),
  CDSA_AUDIT_SEAL_SECONDS: z.coerce.number().int().min(1).max(3_600).default(15),
  CDSA_AUDIT_GENERATION: z.coerce.number().int().positive().max(1_000_000_000).default(1),
  CDSA_TASK_QUEUE_PREFIX: z
    .string()
    .regex(/^[a-z0-9-]+$/)
    .default('cdsa'),
})

/** Every variable that the platform reads: `.env.example` and the deployment files are held against it. */
export const environmentVariables: readonly string[] = Object.keys(environmentSchema.shape)

export type Environment = z.infer<typeof environmentSchema>

/** Two numbers of a rule across variables: `message` names the variables and what to change. */
export const crossChecks: readonly { readonly broken: (env: Environment) => boolean; readonly message: string }[] = [
  {
    broken: (env) => env.DATABASE_OWNER_URL !== undefined && env.DATABASE_URL === undefined,
    message: 'DATABASE_OWNER_URL needs DATABASE_URL: set both, or neither for the embedded database',
  },
  {
    broken: (env) => (env.TEMPORAL_TLS_CERT_FILE === undefined) !== (env.TEMPORAL_TLS_KEY_FILE === undefined),
    message: 'TEMPORAL_TLS_CERT_FILE and TEMPORAL_TLS_KEY_FILE go together: set both, or neither',
  },
  {
    broken: (env) => (env.OIDC_ISSUER === undefined) !== (env.OIDC_CLIENT_ID === undefined),
    message: 'OIDC_ISSUER and OIDC_CLIENT_ID go together: set both, or neither',
  },
  {
    broken: (env) => env.OIDC_CLIENT_SECRET !== undefined && env.OIDC_ISSUER === undefined,
    message: 'OIDC_CLIENT_SECRET needs OIDC_ISSUER and OIDC_CLIENT_ID',
  },
  {
    broken: ({ OIDC_ISSUER, CDSA_PUBLIC_URL }) =>
      OIDC_ISSUER !== undefined && CDSA_PUBLIC_URL !== undefined && !isOverTlsOrLocal(CDSA_PUBLIC_URL),
    message: 'OIDC_ISSUER needs a CDSA_PUBLIC_URL of https, or of loopback: browsers keep the cookies nowhere else',
  },
  {
    broken: (env) => env.OIDC_ISSUER !== undefined && env.CDSA_PUBLIC_URL === undefined && !isLoopbackHost(env.HOST),
    message: 'OIDC_ISSUER needs CDSA_PUBLIC_URL where HOST isn’t loopback: the provider sends browsers back to it',
  },
]
