// A name and a password as the vault holds them: JSON, so that both change together.
import { z } from 'zod'
import { AppError } from '../../domain/errors.ts'

const loginSchema = z.object({ username: z.string().min(1), password: z.string().min(1) })
export type Login = z.infer<typeof loginSchema>

/** `what` names the secret in the error. Throws `rotation.preflight_failed`, which never quotes the value. */
export function parseLogin(value: string, what: string): Login {
  const parsed = loginSchema.safeParse(parseJson(value))
  if (parsed.success) return parsed.data
  throw new AppError('rotation.preflight_failed', { detail: `${what} isn’t JSON like {"username": …, "password": …}.` })
}

function parseJson(value: string): unknown {
  try {
    return JSON.parse(value)
  } catch {
    return undefined
  }
}
