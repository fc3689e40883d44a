// A rotation policy as it is put: one closed schema a rotator for its configuration. What is stored is what was validated
// here, so that a rotator never reads a configuration of another form.
import { z } from 'zod'
import { port, secretReference, server } from './target-server.ts'

const randomConfigSchema = z.strictObject({
  /** Before encoding. */
  bytes: z.int().min(16).max(1_024).default(32),
  encoding: z.enum(['base64url', 'hex']).default('base64url'),
  prefix: z
    .string()
    .max(32)
    .regex(/^[\x21-\x7e]*$/, 'is printable ASCII without blanks')
    .default(''),
})
export type RandomConfig = z.infer<typeof randomConfigSchema>

/** The length of a Postgres name, which the server would cut without a word. */
const maxNameBytes = 63
const roleName = z
  .string()
  .min(1)
  .max(maxNameBytes)
  .refine((name) => new TextEncoder().encode(name).length <= maxNameBytes, `has at most ${maxNameBytes} bytes`)

const postgresConfigSchema = z
  .strictObject({
    ...server,
    port: port.default(5_432),
    database: roleName.default('postgres'),
    /** Two login roles with the same rights, which take turns: one is in use while the other gets its new password. */
    roles: z.array(roleName).length(2),
    /** JSON `{username, password}` of a role that may alter both. */
    administrator: secretReference,
  })
  .refine(({ roles }) => new Set(roles).size === 2, { path: ['roles'], message: 'names two different roles' })
export type PostgresConfig = z.infer<typeof postgresConfigSchema>

const redisAclConfigSchema = z.strictObject({
  ...server,
  port: port.default(6_379),
  /** Whose password it is. */
  username: z
    .string()
    .min(1)
    .max(128)
    .regex(/^[\x21-\x7e]+$/, 'is printable ASCII without blanks'),
  /** JSON `{username, password}` of another user, who may use `ACL` and `CLIENT`. */
  administrator: secretReference,
})
export type RedisAclConfig = z.infer<typeof redisAclConfigSchema>

const webhookConfigSchema = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).max(2_000),
  /** `whsec_…`, as Standard Webhooks writes it. */
  signingSecret: secretReference,
  /** Of the new value, before base64url. */
  bytes: z.int().min(16).max(1_024).default(32),
})
export type WebhookConfig = z.infer<typeof webhookConfigSchema>

/** The platform's own key: there is nothing to say about it. */
const jwtSigningKeyConfigSchema = z.strictObject({})

/** Ten years: what is longer is no rotation. */
const maxSeconds = 315_360_000
const schedule = {
  everySeconds: z.int().min(1).max(maxSeconds),
  /** How long the old value stays accepted beside the new one. */
  graceSeconds: z.int().min(0).max(maxSeconds).default(0),
}

/** What a rotation does and to whom: the part of a policy that every rotation keeps a copy of. */
export const rotationTargetSchema = z.discriminatedUnion('rotator', [
  z.object({ rotator: z.literal('random'), config: randomConfigSchema }),
  z.object({ rotator: z.literal('postgres'), config: postgresConfigSchema }),
  z.object({ rotator: z.literal('redis-acl'), config: redisAclConfigSchema }),
  z.object({ rotator: z.literal('webhook'), config: webhookConfigSchema }),
  z.object({ rotator: z.literal('jwt-signing-key'), config: jwtSigningKeyConfigSchema }),
])
export type RotationTarget = z.infer<typeof rotationTargetSchema>

export const putRotationPolicySchema = z
  .discriminatedUnion('rotator', [
    z.strictObject({
      rotator: z.literal('random'),
      ...schedule,
      config: randomConfigSchema.default({ bytes: 32, encoding: 'base64url', prefix: '' }),
    }),
    z.strictObject({ rotator: z.literal('postgres'), ...schedule, config: postgresConfigSchema }),
    z.strictObject({ rotator: z.literal('redis-acl'), ...schedule, config: redisAclConfigSchema }),
    z.strictObject({ rotator: z.literal('webhook'), ...schedule, config: webhookConfigSchema }),
    z.strictObject({
      rotator: z.literal('jwt-signing-key'),
      ...schedule,
      config: jwtSigningKeyConfigSchema.default({}),
    }),
  ])
  .refine(({ everySeconds, graceSeconds }) => graceSeconds < everySeconds, {
    path: ['graceSeconds'],
    message: 'is less than everySeconds: the old value must be gone before the next rotation',
  })
export type PutRotationPolicy = z.infer<typeof putRotationPolicySchema>

/** The secrets that a rotation reads besides the one that it rotates. */
export function referencesOf(target: RotationTarget): readonly string[] {
  if (target.rotator === 'random' || target.rotator === 'jwt-signing-key') return []
  return [target.rotator === 'webhook' ? target.config.signingSecret : target.config.administrator]
}
