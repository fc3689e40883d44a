// Accounts, roles and sign-in as clients see them, and what may be asked of them. Texts are normalised here, at the
// edge, so that one address is one account and one password is the same bytes on every keyboard.
import { z } from 'zod'
import { id, timestamp } from '../resource.ts'
import { type Permission, permissions } from './permission.ts'
import { otpSchema } from './second-factor.ts'

const maxEmailLength = 254
export const minPasswordLength = 12
export const maxPasswordLength = 128

/** Control characters (Postgres refuses NUL) and halves of surrogate pairs (UTF-8 can't carry them) are no text. */
export const isText = (value: string): boolean => !/[\p{Cc}\p{Cs}]/u.test(value)
export const notText = 'holds characters that are no text'

/** An address in its one stored form: NFC, trimmed, lower case. */
export const emailSchema = z.string().trim().normalize('NFC').toLowerCase().max(maxEmailLength).check(z.email())

const displayName = z.string().normalize('NFC').trim().min(1).max(200).refine(isText, notText)

/** Lengths are code points after NFC, as NIST SP 800-63B 3.1.1.2 counts them. */
const passwordOf = (minLength: number) =>
  z
    .string()
    .normalize('NFC')
    .refine((value) => !/\p{Cs}/u.test(value), notText)
    .refine((value) => {
      const { length } = Array.from(value)
      return length >= minLength && length <= maxPasswordLength
    }, `has ${minLength} to ${maxPasswordLength} characters`)
    .meta({ minLength, maxLength: maxPasswordLength, format: 'password' })

/** A password to be set: any characters, no rules of composition. */
export const newPasswordSchema = passwordOf(minPasswordLength)
/** One that was set before, whatever the rule was then. */
export const passwordSchema = passwordOf(1)

export const userSchema = z
  .object({
    id,
    email: z.string(),
    displayName: z.string(),
    roles: z.array(z.string()),
    /** What the roles grant together. */
    permissions: z.array(z.string()),
    disabled: z.boolean(),
    /** Signing in with its password takes a one-time code, too. */
    secondFactor: z.boolean(),
    createdAt: timestamp,
  })
  .meta({ id: 'User' })
export type User = z.infer<typeof userSchema>

export const roleSchema = z
  .object({
    id,
    name: z.string(),
    description: z.string(),
    builtin: z.boolean(),
    permissions: z.array(z.string()),
    createdAt: timestamp,
  })
  .meta({ id: 'Role' })
export type Role = z.infer<typeof roleSchema>

const roleName = z
  .string()
  .min(2)
  .max(64)
  .regex(/^[a-z][a-z0-9_-]*$/, 'is lower-case letters, digits, - and _, a letter first')
const roleSettings = {
  description: z.string().normalize('NFC').trim().max(500).refine(isText, notText),
  permissions: z
    .array(z.enum(permissions as [Permission, ...Permission[]]))
    .max(100)
    .transform((names) => [...new Set(names)].sort())
    .describe('All that it grants'),
}

export const createRoleSchema = z.strictObject({
  name: roleName,
  description: roleSettings.description.default(''),
  permissions: roleSettings.permissions,
})
export type CreateRole = z.infer<typeof createRoleSchema>

export const patchRoleSchema = z
  .strictObject({ name: roleName, ...roleSettings })
  .partial()
  .refine((patch) => Object.keys(patch).length > 0, 'name at least one field to change')
export type PatchRole = z.infer<typeof patchRoleSchema>

export const permissionSchema = z.object({ name: z.string(), description: z.string() }).meta({ id: 'Permission' })
export type PermissionRecord = z.infer<typeof permissionSchema>

export const registerSchema = z.strictObject({ email: emailSchema, password: newPasswordSchema, displayName })
export type Registration = z.infer<typeof registerSchema>

export const loginSchema = z.strictObject({
  email: emailSchema,
  password: passwordSchema,
  otp: otpSchema.optional().describe('Of an account with a second factor: a one-time code, or a recovery code'),
})
export type Credentials = z.infer<typeof loginSchema>

export const tokenSchema = z
  .object({
    accessToken: z.string(),
    tokenType: z.literal('Bearer'),
    /** Seconds. */
    expiresIn: z.int().positive(),
    /** For the next pair, once. Not where the request’s cookie held the last one: then the new one is in a cookie, too. */
    refreshToken: z.string().optional(),
    user: userSchema,
  })
  .meta({ id: 'Token' })
export type Token = z.infer<typeof tokenSchema>
export type SignedIn = Token & { readonly refreshToken: string }

export const refreshSchema = z.strictObject({
  refreshToken: z.string().max(200).optional().describe('Without it, the cookie counts'),
})

export const patchMeSchema = z.strictObject({ displayName })
export type PatchMe = z.infer<typeof patchMeSchema>

const roleNames = z.array(z.string().min(1).max(64).refine(isText, notText)).max(50)

export const createUserSchema = z.strictObject({
  email: emailSchema,
  displayName,
  roles: roleNames.min(1).optional().describe('By name; `user` alone unless given'),
})
export type CreateUser = z.infer<typeof createUserSchema>

export const patchUserSchema = z
  .strictObject({
    displayName: displayName.optional(),
    roles: roleNames.optional().describe('All roles of the account, by name'),
    disabled: z.boolean().optional(),
  })
  .refine((patch) => Object.keys(patch).length > 0, 'name at least one field to change')
export type PatchUser = z.infer<typeof patchUserSchema>
