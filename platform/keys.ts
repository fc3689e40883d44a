// The platform key: 32 bytes from CDSA_PLATFORM_KEY or a 0600 file made on the first start. Every use gets a key of its
// own by HKDF-SHA-256, so that no two uses share one. It never serves the vault, so a sealed vault locks nobody out.
import { createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { chmod, mkdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AppError } from '../domain/errors.ts'
import { openAesGcm, sealAesGcm } from './aes-gcm.ts'
import type { Config } from './config.ts'
import type { Logger } from './logger.ts'
import { createFile, replaceFile } from './whole-file.ts'

export interface PlatformKeys {
  /** The id of the key that new data is protected with. */
  readonly currentId: string
  /** Of all keys, the current one first. */
  readonly ids: readonly string[]
  /** A 32-byte key for one purpose, of the key with this id (the current one by default). Throws AppError `internal` for an unknown id. */
  derive(purpose: string, keyId?: string): Buffer
  /** AES-256-GCM with a random IV: IV ‖ tag ‖ ciphertext. `purpose` is bound as additional data. */
  seal(purpose: string, plaintext: Uint8Array): { keyId: string; sealed: Buffer }
  open(purpose: string, keyId: string, sealed: Uint8Array): Buffer
}

const keyBytes = 32

export interface NamedKey {
  readonly id: string
  /** 32 bytes. */
  readonly key: Buffer
}

/** Parses `id:base64,…` (the first is current) or one bare base64; throws AppError `internal` that names the fault, never the value. */
export function parseKeys(text: string): NamedKey[] {
  const keys = text.split(',').map((part, index) => {
    const [first = '', second] = part.trim().split(':')
    const [id, encoded] = second === undefined ? ['1', first] : [first, second]
    const key = Buffer.from(encoded, 'base64')
    if (key.length !== keyBytes)
      throw new AppError('internal', { detail: `Key ${index + 1} isn't base64 of ${keyBytes} bytes.` })
    return { id, key }
  })
  if (new Set(keys.map(({ id }) => id)).size < keys.length)
    throw new AppError('internal', { detail: 'Two keys have the same id.' })
  return keys
}

export function createPlatformKeys(keys: readonly NamedKey[]): PlatformKeys {
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
    ids: [...byId.keys()],
    derive,
    seal: (purpose, plaintext) => ({
      keyId: currentId,
      sealed: sealAesGcm({ key: derive(purpose), aad: Buffer.from(purpose), plaintext }),
    }),
    open: (purpose, keyId, sealed) => openAesGcm({ key: derive(purpose, keyId), aad: Buffer.from(purpose), sealed }),
  }
}

/** A generated key is named after itself, so that two data directories on one database can't take one's key for the other's. */
const idOf = (key: Buffer): string => createHmac('sha256', key).update('cdsa:key-id').digest('hex').slice(0, 8)

/** What a key is for, by its file's name and its variable's: `CDSA_MASTER_KEY` and `<data>/keys/master.key`. */
export type KeyName = keyof Config['keys']

export interface KeyOptions {
  readonly config: Pick<Config, 'keys' | 'dataDir'>
  readonly log: Logger
}

const fileOf = ({ config }: Pick<KeyOptions, 'config'>, name: KeyName): string =>
  join(config.dataDir, 'keys', `${name}.key`)

const toText = (keys: readonly NamedKey[]): string =>
  `${keys.map(({ id, key }) => `${id}:${key.toString('base64')}`).join(',')}\n`

function makeKey(): NamedKey {
  const key = randomBytes(keyBytes)
  return { id: idOf(key), key }
}

/** The configured keys of that name, or those of their file; undefined while there are none. Makes nothing. */
export async function readKeys(options: Pick<KeyOptions, 'config'>, name: KeyName): Promise<NamedKey[] | undefined> {
  const configured = options.config.keys[name]
  if (configured !== undefined) return parseKeys(configured.reveal())
  const text = await readFile(fileOf(options, name), 'utf8').catch((error: unknown) => {
    if ((error as { code?: string }).code === 'ENOENT') return undefined
    throw error
  })
  return text === undefined ? undefined : parseKeys(text.trim())
}

/** The configured keys of that name, or those of their file, which the first of many starters makes. Never another name's. */
export async function loadKeys({ config, log }: KeyOptions, name: KeyName): Promise<NamedKey[]> {
  if (config.keys[name] !== undefined) return parseKeys(config.keys[name].reveal())
  const file = fileOf({ config }, name)
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  if (await createFile(file, toText([makeKey()])))
    log.warn({ file }, `made a new ${name} key: back it up, and set CDSA_${name.toUpperCase()}_KEY in production`)
  else await chmod(file, 0o600)
  return parseKeys((await readFile(file, 'utf8')).trim())
}

/**
 * Puts a new key in front of those of the file, and resolves to all of them once it is on the disk; undefined, and no
 * change, where the keys are configured. Whoever calls it keeps others from doing so at the same time: the later of two
 * would drop the other's key.
 */
export async function addKey(options: KeyOptions, name: KeyName): Promise<NamedKey[] | undefined> {
  if (options.config.keys[name] !== undefined) return undefined
  const keys = [makeKey(), ...(await loadKeys(options, name))]
  await replaceFile(fileOf(options, name), toText(keys))
  return keys
}

export const loadPlatformKeys = async (options: KeyOptions): Promise<PlatformKeys> =>
  createPlatformKeys(await loadKeys(options, 'platform'))
