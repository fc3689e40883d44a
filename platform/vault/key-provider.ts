// Who holds the keys that wrap the vault's data keys. Here they come from CDSA_MASTER_KEY or a file; a KMS or a transit
// engine would answer the same questions without giving a key away, which is why all of them are asynchronous.
import { createHmac } from 'node:crypto'
import { AppError } from '../../domain/errors.ts'
import { openAesGcm, sealAesGcm } from '../aes-gcm.ts'
import { type KeyOptions, type NamedKey, addKey, loadKeys, readKeys } from '../keys.ts'

export interface KeyProvider {
  /** The key that the configuration puts first. */
  readonly currentId: string
  /** Encrypts a data key; `aad` must be the same when it is unwrapped. Throws `vault.sealed` for a key that isn't there. */
  wrap(keyId: string, input: { readonly dek: Uint8Array; readonly aad: Uint8Array }): Promise<Buffer>
  unwrap(keyId: string, input: { readonly wrapped: Uint8Array; readonly aad: Uint8Array }): Promise<Buffer>
  /** A key's check value: 12 hexadecimal digits that tell nothing about it; undefined for a key that isn't there. */
  kcv(keyId: string): Promise<string | undefined>
  /** Rejects when the keys can't be used. */
  health(): Promise<void>
  /** Makes a new key the first one, where the provider keeps them itself; its id, or undefined. One call at a time. */
  makeKey(): Promise<string | undefined>
}

const kcvDigits = 12

const kcvOf = (key: Uint8Array): string =>
  createHmac('sha256', key).update('cdsa:vault-kcv').digest('hex').slice(0, kcvDigits)

/** Keys in this process's memory. A key that it doesn't know is looked for once more: another process may have made it. */
export async function createLocalKeyProvider(options: KeyOptions): Promise<KeyProvider> {
  let keys: readonly NamedKey[] = await loadKeys(options, 'master')
  const firstId = (): string => {
    const [first] = keys
    if (first === undefined) throw new AppError('internal', { detail: 'There is no master key.' })
    return first.id
  }
  const known = (id: string): Buffer | undefined => keys.find((key) => key.id === id)?.key
  const find = async (id: string): Promise<Buffer | undefined> => {
    if (known(id) === undefined) keys = (await readKeys(options, 'master')) ?? keys
    return known(id)
  }
  const require = async (id: string): Promise<Buffer> => {
    const key = await find(id)
    if (key !== undefined) return key
    throw new AppError('vault.sealed', { detail: `The key “${id}” isn’t configured: “${firstId()}” is the first one.` })
  }
  return {
    get currentId() {
      return firstId()
    },
    wrap: async (id, { dek, aad }) => sealAesGcm({ key: await require(id), aad, plaintext: dek }),
    unwrap: async (id, { wrapped, aad }) => openAesGcm({ key: await require(id), aad, sealed: wrapped }),
    kcv: async (id) => {
      const key = await find(id)
      return key && kcvOf(key)
    },
    health: async () => void (await require(firstId())),
    makeKey: async () => {
      const made = await addKey(options, 'master')
      keys = made ?? keys
      return made?.[0]?.id
    },
  }
}
