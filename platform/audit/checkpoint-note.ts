// Checkpoints as signed notes (C2SP tlog-checkpoint and signed-note): the few lines of text that, kept elsewhere, hold the
// log to its past. Any tool that reads such notes can check them.
import { type KeyObject, createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import { decodeBase64 } from './strict-base64.ts'

const ed25519 = 0x01
const hashBytes = 32
const keyIdBytes = 4
const signatureBytes = 64

/** What a checkpoint says: this log has this many entries, and their tree has this root. */
export interface Checkpoint {
  readonly origin: string
  readonly size: number
  readonly root: Buffer
}

export interface NoteSignature {
  readonly name: string
  /** 8 hexadecimal digits. */
  readonly keyId: string
  readonly signature: Buffer
}

export interface Note extends Checkpoint {
  /** What is signed: all lines up to the empty one, with the newline of the last. */
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

export interface VerifierKey {
  readonly origin: string
  /** 32 bytes. */
  readonly publicKey: Buffer
}

/** A public key that vouches for one log, or without an origin for any. */
export type TrustedKey = Pick<VerifierKey, 'publicKey'> & Partial<VerifierKey>

/** A note that isn't one, or that no known key signed; the message is a sentence. */
export class NoteError extends Error {
  override readonly name = 'NoteError'
}

// DER prefixes of RFC 8410: OpenSSL takes no bare key.
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex')
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex')

/** The private key of a 32-byte Ed25519 seed. */
export const privateKeyOf = (seed: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.concat([pkcs8Prefix, seed]), format: 'der', type: 'pkcs8' })

/** The 32 bytes of the public key that belongs to a private one. */
export const publicKeyOf = (privateKey: KeyObject): Buffer =>
  createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(spkiPrefix.length)

/** The first 4 bytes of SHA-256(origin ‖ 0x0A ‖ 0x01 ‖ public key). */
export const keyIdOf = ({ origin, publicKey }: VerifierKey): Buffer =>
  createHash('sha256')
    .update(`${origin}\n`)
    .update(Buffer.from([ed25519]))
    .update(publicKey)
    .digest()
    .subarray(0, keyIdBytes)

const isOrigin = (text: string): boolean => /^[^\s+\p{Cc}]+$/u.test(text)

/** `origin+hexkeyid+base64(0x01 ‖ public key)`: what a verifier is given once, by a way that it trusts. */
export function formatVerifierKey(key: VerifierKey): string {
  const typed = Buffer.concat([Buffer.from([ed25519]), key.publicKey])
  return `${key.origin}+${keyIdOf(key).toString('hex')}+${typed.toString('base64')}`
}

/** Throws NoteError for a text that isn't a verifier key, and for one whose key id isn't its own. */
export function parseVerifierKey(text: string): VerifierKey {
  const [, origin = '', keyId, encoded = ''] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(text) ?? []
  const typed = decodeBase64(encoded)
  if (!isOrigin(origin) || typed?.length !== 1 + hashBytes || typed[0] !== ed25519)
    throw new NoteError('The verifier key isn’t of the form origin+keyid+base64 for Ed25519.')
  const key = { origin, publicKey: typed.subarray(1) }
  if (keyIdOf(key).toString('hex') !== keyId) throw new NoteError('The verifier key’s id doesn’t belong to its key.')
  return key
}

/** The text that is signed: origin, size and root, a line each. Throws NoteError for an origin that no note may have. */
export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  if (!isOrigin(origin)) throw new NoteError('An origin has no spaces, control characters or “+”.')
  if (!Number.isSafeInteger(size) || size < 0) throw new NoteError('A size is a whole number.')
  if (root.length !== hashBytes) throw new NoteError(`A root has ${hashBytes} bytes.`)
  return `${origin}\n${size}\n${root.toString('base64')}\n`
}

/** The whole note: the text, an empty line, and one signature under the origin's name. */
export function signNote(text: string, { origin, privateKey }: { origin: string; privateKey: KeyObject }): string {
  const keyId = keyIdOf({ origin, publicKey: publicKeyOf(privateKey) })
  const signature = Buffer.concat([keyId, sign(null, Buffer.from(text), privateKey)])
  return `${text}\n— ${origin} ${signature.toString('base64')}\n`
}

function parseSignature(line: string): NoteSignature {
  const [, name = '', encoded = ''] = /^— (\S+) (\S+)$/u.exec(line) ?? []
  const bytes = decodeBase64(encoded)
  if (!isOrigin(name) || bytes === undefined || bytes.length <= keyIdBytes)
    throw new NoteError('A signature line isn’t of the form “— name base64”.')
  return { name, keyId: bytes.subarray(0, keyIdBytes).toString('hex'), signature: bytes.subarray(keyIdBytes) }
}

/** Reads a note without checking its signatures. Throws NoteError. */
export function parseNote(note: string): Note {
  const end = note.lastIndexOf('\n\n')
  if (end === -1 || !note.endsWith('\n')) throw new NoteError('The checkpoint has no signature after an empty line.')
  const text = note.slice(0, end + 1)
  // Anything but newlines among the control characters could show one text to a person and another to a program.
  if (/[^\P{Cc}\n]|\p{Surrogate}/u.test(note)) throw new NoteError('The checkpoint holds a control character.')
  const [origin = '', size = '', encodedRoot = ''] = text.split('\n')
  const root = decodeBase64(encodedRoot)
  if (!isOrigin(origin)) throw new NoteError('The checkpoint’s first line isn’t an origin.')
  if (!/^(0|[1-9]\d{0,14})$/.test(size)) throw new NoteError('The checkpoint’s second line isn’t a size.')
  if (root?.length !== hashBytes) throw new NoteError('The checkpoint’s third line isn’t a root hash in base64.')
  const signatures = note
    .slice(end + 2, -1)
    .split('\n')
    .map(parseSignature)
  return { text, origin, size: Number(size), root, signatures }
}

function isSignedBy(note: Note, key: VerifierKey): boolean {
  const keyId = keyIdOf(key).toString('hex')
  const publicKey = createPublicKey({ key: Buffer.concat([spkiPrefix, key.publicKey]), format: 'der', type: 'spki' })
  const own = note.signatures.filter((signature) => signature.name === key.origin && signature.keyId === keyId)
  if (own.length === 0) return false
  for (const { signature } of own) {
    if (signature.length !== signatureBytes || !verify(null, Buffer.from(note.text), publicKey, signature))
      throw new NoteError(`The signature by key ${keyId} of ${key.origin} is wrong.`)
  }
  return true
}

/**
 * Reads a note that one of the keys must have signed for its own log; signatures by others don't count. Throws NoteError
 * when there is none, and when one of a known key is wrong.
 */
export function verifyNote(note: string, keys: readonly TrustedKey[]): Note {
  const parsed = parseNote(note)
  const { origin } = parsed
  const own = keys.filter((key) => (key.origin ?? origin) === origin)
  if (own.length === 0) throw new NoteError(`No key was given for the log ${origin}.`)
  if (!own.some(({ publicKey }) => isSignedBy(parsed, { origin, publicKey })))
    throw new NoteError(`The checkpoint of ${origin} isn’t signed by a key that was given.`)
  return parsed
}
