// `secret://path#version`: how stored configuration names a secret's value without holding it.
import { AppError } from '../errors.ts'
import { type UniqueLabel, secretPath, uniqueLabels } from './secret.ts'

export interface SecretReference {
  readonly path: string
  /** A number, or a label: CURRENT unless the reference names one. */
  readonly version?: number
  readonly label?: UniqueLabel
}

/** Throws `secret.reference_invalid`, which doesn't repeat the text: it may be a value in the wrong place. */
export function parseSecretReference(text: string): SecretReference {
  const [, path = '', selector = 'CURRENT'] = /^secret:\/\/([^#]+)(?:#(.+))?$/.exec(text) ?? []
  if (!secretPath.safeParse(path).success) throw new AppError('secret.reference_invalid')
  const label = uniqueLabels.find((name) => name === selector.toUpperCase())
  if (label !== undefined) return { path, label }
  if (!/^[1-9]\d{0,8}$/.test(selector)) throw new AppError('secret.reference_invalid')
  return { path, version: Number(selector) }
}

export function isSecretReference(text: string): boolean {
  try {
    parseSecretReference(text)
    return true
  } catch {
    return false
  }
}
