// The text of an API key: `cdsa_<id>_<secret>`, which names its row and proves itself by 256 random bits. The prefix lets
// scanners of source code find one that was left lying about.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

const form = /^cdsa_([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})_([A-Za-z0-9_-]{43})$/
const secretBytes = 32

export interface PresentedKey {
  readonly keyId: string
  /** SHA-256. */
  readonly secretHash: Buffer
}

const hashOf = (secret: string): Buffer => createHash('sha256').update(secret).digest()

/** `key` is shown once; the hash is what is stored. */
export function makeApiKey(keyId: string): { readonly key: string; readonly secretHash: Buffer } {
  const secret = randomBytes(secretBytes).toString('base64url')
  return { key: `cdsa_${keyId}_${secret}`, secretHash: hashOf(secret) }
}

/** Undefined for whatever isn’t of that form. */
export function parseApiKey(text: string): PresentedKey | undefined {
  const [, keyId, secret] = form.exec(text) ?? []
  return keyId === undefined || secret === undefined ? undefined : { keyId, secretHash: hashOf(secret) }
}

export const isSameHash = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && timingSafeEqual(one, other)
