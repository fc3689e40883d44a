// The platform key: 32 bytes from CDSA_PLATFORM_KEY or a 0600 file made on the first start. Every use gets a key of its
// own by HKDF-SHA-256, so that no two uses share one. It never serves the vault, so a sealed vault locks nobody out.
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../domain/errors.ts'
import type { Config } from './config.ts'
import type { Logger } from './logger.ts'

export interface PlatformKeys {
  /** The id of the key that new data is protected with. */
  readonly currentId: string
  /** A 32-byte key for one purpose, of the key with this id (the current one by default). Throws AppError `internal` for an unknown id. */
  derive(purpose: string, keyId?: string): Buffer
  /** AES-256-GCM with a random IV: IV ‖ tag ‖ ciphertext. `purpose` is bound as additional data. */
  seal(purpose: string, plaintext: Uint8Array): { keyId: string; sealed: Buffer }
  open(purpose: string, keyId: string, sealed: Uint8Array): Buffer
}

const keyBytes = 32
const ivBytes = 12
const tagBytes = 16

/** Parses `id:base64,…` (the first is current) or one bare base64; throws AppError `internal` that names the fault, never the value. */
export function parseKeys(text: string): { id: string; key: Buffer }[] {
  return text.split(',').map((part, index) => {
    const [first = '', second] = part.trim().split(':')
    const [id, encoded] = second === undefined ? ['1', first] : [first, second]
    const key = Buffer.from(encoded, 'base64')
    if (key.length !== keyBytes)
      throw new AppError('internal', { detail: `Key ${index + 1} isn't base64 of ${keyBytes} bytes.` })
    return { id, key }
  })
}

export function createPlatformKeys(keys: readonly { id: string; key: Buffer }[]): PlatformKeys {
  const byId = new Map(keys.map(({ id, key }) => [id, key]))
  const currentId = keys[0]?.id
  if (currentId === undefined) throw new AppError('internal', { detail: 'There is no platform key.' })
  const derive = (purpose: string, keyId = currentId): Buffer => {
    const key = byId.get(keyId)
    if (key === undefined) throw new AppError('internal', { detail: `The platform key ${keyId} is missing.` })
    return Buffer.from(hkdfSync('sha256', key, '', `cdsa:${purpose}`, keyBytes))
  }
  return {
    currentId,
    derive,
    seal: (purpose, plaintext) => {
      const iv = randomBytes(ivBytes)
      const cipher = createCipheriv('aes-256-gcm', derive(purpose), iv, { authTagLength: tagBytes }).setAAD(
        Buffer.from(purpose),
      )
      const body = Buffer.concat([cipher.update(plaintext), cipher.final()])
      return { keyId: currentId, sealed: Buffer.concat([iv, cipher.getAuthTag(), body]) }
    },
    open: (purpose, keyId, sealed) => {
      const bytes = Buffer.from(sealed)
      const decipher = createDecipheriv('aes-256-gcm', derive(purpose, keyId), bytes.subarray(0, ivBytes), {
        authTagLength: tagBytes,
      })
      decipher.setAAD(Buffer.from(purpose)).setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes))
      return Buffer.concat([decipher.update(bytes.subarray(ivBytes + tagBytes)), decipher.final()])
    },
  }
}

/** A generated key is named after itself, so that two data directories on one database can't take one's key for the other's. */
const idOf = (key: Buffer): string => createHmac('sha256', key).update('cdsa:key-id').digest('hex').slice(0, 8)

/** What a key is for, by its file's name and its variable's: `CDSA_MASTER_KEY` and `<data>/keys/master.key`. */
export type KeyName = keyof Config['keys']

type KeyOptions = { readonly config: Pick<Config, 'keys' | 'dataDir'>; readonly log: Logger }

/** The configured keys of that name, or those of their file, which the first of many starters makes. Never another name's. */
export async function loadKeys({ config, log }: KeyOptions, name: KeyName): Promise<{ id: string; key: Buffer }[]> {
  const configured = config.keys[name]
  if (configured !== undefined) return parseKeys(configured.reveal())
  const directory = join(config.dataDir, 'keys')
  const file = join(directory, `${name}.key`)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  try {
    const key = randomBytes(keyBytes)
    await writeFile(file, `${idOf(key)}:${key.toString('base64')}\n`, { flag: 'wx', mode: 0o600 })
    log.warn({ file }, `made a new ${name} key: back it up, and set CDSA_${name.toUpperCase()}_KEY in production`)
  } catch (error) {
    if ((error as { code?: string }).code !== 'EEXIST') throw error
    await chmod(file, 0o600)
  }
  return parseKeys((await readFile(file, 'utf8')).trim())
}

export const loadPlatformKeys = async (options: KeyOptions): Promise<PlatformKeys> =>
  createPlatformKeys(await loadKeys(options, 'platform'))
