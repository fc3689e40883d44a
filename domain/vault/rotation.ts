// Rotations as clients see them: the record of each, and where a secret's policy stands.
import { z } from 'zod'
import { problemSchema } from '../documents/document.ts'
import { id, timestamp } from '../resource.ts'

const rotatorNames = ['random', 'postgres', 'redis-acl', 'webhook', 'jwt-signing-key'] as const

/** In the order in which they are gone through, then the ways to end, then the state that asks for an operator. */
export const rotationStates = [
  'preflight',
  'pending',
  'set',
  'tested',
  'grace',
  'completed',
  'rolled_back',
  'failed',
  'in_doubt',
] as const
export type RotationState = (typeof rotationStates)[number]

export const rotationSchema = z
  .object({
    id,
    secretId: id,
    rotator: z.enum(rotatorNames),
    state: z.enum(rotationStates),
    trigger: z.enum(['manual', 'schedule']),
    /** The version that it replaces, and the one that it makes. */
    fromVersion: z.int().nullable(),
    toVersion: z.int().nullable(),
    startedAt: timestamp,
    endedAt: timestamp.nullable(),
    problem: problemSchema.nullable(),
  })
  .meta({ id: 'Rotation' })
export type Rotation = z.infer<typeof rotationSchema>
export type RotationTrigger = Rotation['trigger']

export const rotationPolicySchema = z
  .object({
    rotator: z.enum(rotatorNames),
    config: z.record(z.string(), z.unknown()),
    everySeconds: z.int(),
    graceSeconds: z.int(),
    /** Null while it is paused: after a scheduled rotation has failed, until one by hand succeeds or the policy is put anew. */
    nextRotationAt: timestamp.nullable(),
    paused: z.boolean(),
    /** Of the last rotation; null before the first. */
    state: z.enum(rotationStates).nullable(),
    lastRotationId: id.nullable(),
  })
  .meta({ id: 'RotationPolicy', description: 'How a secret rotates by itself, and where that stands' })
export type RotationPolicy = z.infer<typeof rotationPolicySchema>
