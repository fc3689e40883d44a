// Keeps what workflows are given and give back unreadable to Temporal and its database: AES-256-GCM under a key derived
// from the platform key. Compression is inside the envelope, so nobody but us can make anything that inflates.
import { webcrypto } from 'node:crypto'
import { promisify } from 'node:util'
import { deflateRaw, inflateRaw } from 'node:zlib'
import type { Payload, PayloadCodec } from '@temporalio/common'
import proto from '@temporalio/proto'
import { refusedPayload } from '../../domain/refused-payload.ts'
import type { PlatformKeys } from '../keys.ts'

const { Payload: PayloadMessage } = proto.temporal.api.common.v1
const { subtle } = webcrypto
const deflate = promisify(deflateRaw)
const inflate = promisify(inflateRaw)

const purpose = 'temporal-payloads'
const format = 1
const encryptedEncoding = 'binary/encrypted'
const keyIdField = 'encryption-key-id'
const wellFormedKeyId = /^[\x21-\x7e]{1,128}$/
const ivBytes = 12
const tagBytes = 16
/** The envelope's first byte: whether what follows was deflated. */
const stored = 0
const deflated = 1
/** Shorter ones hardly shrink. */
const compressedFromBytes = 512
/** A payload may have 2 MB on the wire; nothing that we send inflates to more than this. */
const maxInflatedBytes = 32 * 1024 * 1024

type Bytes = Uint8Array<ArrayBuffer>

const toBytes = (text: string): Bytes => new TextEncoder().encode(text)
const toText = (bytes: Uint8Array | null | undefined): string => new TextDecoder().decode(bytes ?? new Uint8Array())

/** True for what claims to be of this codec's making. */
export const isEncrypted = ({ metadata }: Payload): boolean => toText(metadata?.['encoding']) === encryptedEncoding

function withTag(tag: number, bytes: Uint8Array): Bytes {
  const tagged = new Uint8Array(bytes.length + 1)
  tagged[0] = tag
  tagged.set(bytes, 1)
  return tagged
}

async function pack(payload: Payload): Promise<Bytes> {
  const plain = PayloadMessage.encode(payload).finish()
  if (plain.length < compressedFromBytes || plain.length > maxInflatedBytes) return withTag(stored, plain)
  const small = await deflate(plain)
  return small.length < plain.length ? withTag(deflated, small) : withTag(stored, plain)
}

async function unpack(packed: Uint8Array): Promise<Payload> {
  const body = packed.subarray(1)
  const plain = packed[0] === deflated ? await inflate(body, { maxOutputLength: maxInflatedBytes }) : body
  return PayloadMessage.decode(plain)
}

/** A value as the SDK would have it, had nobody encrypted it. */
export const clearPayload = (value: object): Payload => ({
  metadata: { encoding: toBytes('json/plain') },
  data: toBytes(JSON.stringify(value)),
})

const refused = (reason: string): Payload => clearPayload(refusedPayload(reason))

/**
 * The codec of one namespace. `decode` lets payloads in the clear through, answers what it can't authenticate with
 * `{"$refused": …}`, and throws AppError `internal` only when the key that a payload names is missing: then its workflow
 * waits until the key is there again.
 */
export function createPayloadCodec(options: {
  readonly keys: Pick<PlatformKeys, 'currentId' | 'derive'>
  readonly namespace: string
}): PayloadCodec {
  const { keys, namespace } = options
  const imported = new Map<string, Promise<webcrypto.CryptoKey>>()
  const keyOf = (keyId: string): Promise<webcrypto.CryptoKey> => {
    const known = imported.get(keyId)
    if (known !== undefined) return known
    const raw = Uint8Array.from(keys.derive(purpose, keyId))
    const made = subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt'])
    imported.set(keyId, made)
    return made
  }
  const algorithm = (iv: Bytes, keyId: string) => ({
    name: 'AES-GCM',
    iv,
    additionalData: toBytes(JSON.stringify([purpose, format, namespace, keyId])),
    tagLength: tagBytes * 8,
  })

  async function encodeOne(payload: Payload): Promise<Payload> {
    const keyId = keys.currentId
    const iv = webcrypto.getRandomValues(new Uint8Array(ivBytes))
    const sealed = await subtle.encrypt(algorithm(iv, keyId), await keyOf(keyId), await pack(payload))
    const data = new Uint8Array(ivBytes + sealed.byteLength)
    data.set(iv)
    data.set(new Uint8Array(sealed), ivBytes)
    return { metadata: { encoding: toBytes(encryptedEncoding), [keyIdField]: toBytes(keyId) }, data }
  }

  async function decodeOne(payload: Payload): Promise<Payload> {
    if (!isEncrypted(payload)) return payload
    const keyId = toText(payload.metadata?.[keyIdField])
    const data = Uint8Array.from(payload.data ?? [])
    if (!wellFormedKeyId.test(keyId) || data.length <= ivBytes + tagBytes)
      return refused('not an encrypted payload of this platform')
    const key = await keyOf(keyId)
    try {
      const iv = data.subarray(0, ivBytes)
      const packed = await subtle.decrypt(algorithm(iv, keyId), key, data.subarray(ivBytes))
      return await unpack(new Uint8Array(packed))
    } catch {
      return refused('authentication failed')
    }
  }

  return {
    encode: (payloads) => Promise.all(payloads.map(encodeOne)),
    decode: (payloads) => Promise.all(payloads.map(decodeOne)),
  }
}
