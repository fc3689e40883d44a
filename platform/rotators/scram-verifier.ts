// What Postgres stores instead of a password (RFC 5803, SCRAM-SHA-256 of RFC 5802 and RFC 7677). Computed here, so that
// the server never sees the new password, neither in a statement nor in its log.
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'

const saltBytes = 16
/** The server's own default, and enough for a password of 256 random bits. */
const defaultIterations = 4_096

export interface ScramKeys {
  readonly storedKey: Buffer
  readonly serverKey: Buffer
}

/** RFC 5802, section 3. The password is ASCII, which SASLprep leaves as it is. */
export function scramKeys(
  password: string,
  { salt, iterations }: { readonly salt: Buffer; readonly iterations: number },
): ScramKeys {
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256')
  const clientKey = createHmac('sha256', salted).update('Client Key').digest()
  return {
    storedKey: createHash('sha256').update(clientKey).digest(),
    serverKey: createHmac('sha256', salted).update('Server Key').digest(),
  }
}

/** `SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey`, with a salt of its own. */
export function scramVerifier(password: string): string {
  const salt = randomBytes(saltBytes)
  const { storedKey, serverKey } = scramKeys(password, { salt, iterations: defaultIterations })
  const [salt64, stored64, server64] = [salt, storedKey, serverKey].map((part) => part.toString('base64'))
  return `SCRAM-SHA-256$${defaultIterations}:${salt64}$${stored64}:${server64}`
}
