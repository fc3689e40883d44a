// AES-256-GCM as everything here uses it: a 96-bit IV and always a tag of 16 bytes, because Node takes a tag of 4 where
// no length is asked for (NIST SP 800-38D, 5.2.1.2). What is sealed is one text of bytes: IV ‖ tag ‖ ciphertext.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { AppError } from '../domain/errors.ts'

const algorithm = 'aes-256-gcm'
const ivBytes = 12
const authTagLength = 16

export interface SealInput {
  /** 32 bytes. */
  readonly key: Uint8Array
  /** What isn't encrypted, but must be the same when it is opened. */
  readonly aad: Uint8Array
  readonly plaintext: Uint8Array
  /** Random unless given; only a published test vector has one. */
  readonly iv?: Uint8Array
}

export function sealAesGcm({ key, aad, plaintext, iv = randomBytes(ivBytes) }: SealInput): Buffer {
  const cipher = createCipheriv(algorithm, key, iv, { authTagLength }).setAAD(aad)
  const body = Buffer.concat([cipher.update(plaintext), cipher.final()])
  return Buffer.concat([iv, cipher.getAuthTag(), body])
}

export interface OpenInput {
  readonly key: Uint8Array
  readonly aad: Uint8Array
  readonly sealed: Uint8Array
}

/** Throws AppError `internal`, which tells no more than that it isn't authentic. */
export function openAesGcm({ key, aad, sealed }: OpenInput): Buffer {
  const [iv, tag] = [sealed.subarray(0, ivBytes), sealed.subarray(ivBytes, ivBytes + authTagLength)]
  try {
    const decipher = createDecipheriv(algorithm, key, iv, { authTagLength }).setAAD(aad).setAuthTag(tag)
    // GCM gives all of it at once; a copy would be one more to overwrite.
    const plaintext = decipher.update(sealed.subarray(ivBytes + authTagLength))
    decipher.final()
    return plaintext
  } catch (cause) {
    throw new AppError('internal', { detail: 'Something encrypted was changed, or another key encrypted it.', cause })
  }
}

/** Parts of any bytes as one text that no other parts give: each with its length before it, in 4 bytes, big-endian. */
export function lengthPrefixed(parts: readonly (string | number)[]): Buffer {
  return Buffer.concat(
    parts.flatMap((part) => {
      const bytes = Buffer.from(String(part))
      const length = Buffer.alloc(4)
      length.writeUInt32BE(bytes.length)
      return [length, bytes]
    }),
  )
}
