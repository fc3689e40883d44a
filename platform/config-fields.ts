// The forms that variables have. A fault names the form, never the value, which may be a secret in the wrong place.
// Nothing here reads the environment: platform/config.ts alone does.
import { z } from 'zod'
import { SecretValue } from './secret-value.ts'

export const secret = z
  .string()
  .min(1)
  .transform((value) => new SecretValue(value))
export const port = z.coerce.number().int().min(0).max(65_535)
export const list = z.string().transform((value) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
)
/** As the Ollama server itself reads it: an address, or host and port. */
export const ollamaHost = z.string().refine((value) => {
  const address = value.includes('://') ? value : `http://${value.startsWith(':') ? `127.0.0.1${value}` : value}`
  if (!URL.canParse(address)) return false
  const { protocol, username, password } = new URL(address)
  return /^https?:$/.test(protocol) && username === '' && password === ''
}, 'is an address or host:port, without a name or password')
/** As a browser sends it: no wildcard, for who reads payloads is named. */
export const origin = z
  .string()
  .refine((value) => URL.canParse(value) && new URL(value).origin === value, 'is scheme://host:port')
export const smtpUrl = z
  .string()
  .refine(
    (value) => URL.canParse(value) && /^smtps?:$/.test(new URL(value).protocol) && new URL(value).hostname !== '',
    'is smtp://host:port or smtps://host:port, with user:password@ before the host where it asks for them',
  )
  .transform((value) => new SecretValue(value))
export const modelName = z.string().regex(/^[a-z0-9-]+\/.+$/, 'is written provider/model')
export const milliseconds = (fallback: number) => z.coerce.number().int().positive().default(fallback)
