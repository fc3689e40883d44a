// The vault on a real database, under master keys of the test's own, as a process has it that was given them.
import { randomBytes } from 'node:crypto'
import type { Db } from '../../db/database.ts'
import { newId } from '../../db/ids.ts'
import { createSecret } from '../../db/vault/secrets.ts'
import { type NewVersion, putCurrentVersion, takeVersionNumber } from '../../db/vault/versions.ts'
import { parseConfig } from '../../platform/config.ts'
import { createLogger } from '../../platform/logger.ts'
import { SecretValue } from '../../platform/secret-value.ts'
import { type KeyProvider, createLocalKeyProvider } from '../../platform/vault/key-provider.ts'
import { type Vault, createVault } from '../../platform/vault/vault.ts'

const log = createLogger({ level: 'silent' })

/** `id:base64`, as CDSA_MASTER_KEY takes it. */
export const newMasterKey = (id: string): string => `${id}:${randomBytes(32).toString('base64')}`

/** The provider of a process that was given these keys, the first of them current. */
export const providerOf = (...keys: readonly string[]): Promise<KeyProvider> =>
  createLocalKeyProvider({ config: parseConfig({ CDSA_MASTER_KEY: keys.join(',') }), log })

export const vaultOf = async (db: Db, ...keys: readonly string[]): Promise<Vault> =>
  createVault({ db, keys: await providerOf(...keys) })

interface Parts {
  readonly db: Db
  readonly vault: Vault
}

const emptySecret = { description: '', tags: [], destinations: [] as string[], maxVersions: 10 }

/** An account that may stand as a maker: secrets refer to one. */
export async function makeOwner(db: Db): Promise<string> {
  const id = newId()
  await db.models.User.create({
    id,
    email: `${id}@example.org`,
    displayName: 'U',
    passwordHash: 'x',
    pepperId: '1',
  })
  return id
}

/** A secret at a path of its own without any version; resolves to its id. */
export async function makeSecret(
  { db }: Pick<Parts, 'db'>,
  given: Partial<typeof emptySecret> & { readonly path?: string } = {},
): Promise<string> {
  const id = newId()
  const createdBy = await makeOwner(db)
  await db.transaction((tx) => createSecret(tx, { ...emptySecret, path: `test/${id}`, ...given, id, createdBy }))
  return id
}

/** A new row for a secret's next version, not stored yet. */
export async function sealNext({ db: tx, vault }: Parts, secretId: string, value: string): Promise<NewVersion> {
  const place = await takeVersionNumber(tx, secretId)
  return { id: newId(), createdBy: null, ...place, ...(await vault.seal(tx, new SecretValue(value), place)) }
}

/** Puts values one after the other; resolves to the last one's version. */
export async function putValues(parts: Parts, secretId: string, ...values: readonly string[]): Promise<number> {
  let version = 0
  for (const value of values) {
    await parts.db.transaction(async (tx) => {
      const row = await sealNext({ ...parts, db: tx }, secretId, value)
      await putCurrentVersion(tx, row)
      version = row.version
    })
  }
  return version
}
