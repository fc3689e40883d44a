// The vault: sealing and opening of values, while the keys are the right ones. Where its values lie is db/vault's matter.
import type { Db } from '../../db/database.ts'
import { type VaultKey, countStaleVersions, lockVaultKeys, makeVaultKeyCurrent } from '../../db/vault/keys.ts'
import type { WrappedDek } from '../../db/vault/rewrap.ts'
import type { SealedColumns, VersionPlace } from '../../db/vault/version-rows.ts'
import { AppError } from '../../domain/errors.ts'
import type { VaultStatus } from '../../domain/vault/secret.ts'
import type { SecretValue } from '../secret-value.ts'
import { openEnvelope, rewrapDek, sealEnvelope } from './envelope.ts'
import type { KeyProvider } from './key-provider.ts'
import { type VaultOptions, createVaultGuard } from './vault-guard.ts'

export interface Vault {
  status(): Promise<VaultStatus>
  /** Throws `vault.sealed`, which names both keys, unless the configured keys are those that the vault was sealed with. */
  requireOpen(): Promise<void>
  /** Seals a value for its place under the current key, which `tx` then holds. Throws `vault.sealed`. */
  seal(tx: Db, value: SecretValue, place: VersionPlace): Promise<SealedColumns>
  /** Throws `vault.sealed`, and AppError `internal` when anything of it was changed or moved. */
  open(version: SealedColumns & VersionPlace): Promise<SecretValue>
  /** The same data keys under the current key, which `tx` then holds. */
  rewrap(tx: Db, rows: readonly WrappedDek[]): Promise<WrappedDek[]>
  /** Makes a new key current: one of its own where keys lie in a file, else the first one of the configuration. Throws `vault.key_unchanged`. */
  rotateKey(tx: Db): Promise<NewKey>
}

type NewKey = Pick<VaultKey, 'id' | 'kcv'>

async function rotateKey(tx: Db, keys: KeyProvider): Promise<NewKey> {
  const before = await lockVaultKeys(tx)
  const id = (await keys.makeKey()) ?? keys.currentId
  const kcv = await keys.kcv(id)
  if (kcv === undefined || before.some((key) => key.current && key.id === id)) {
    const detail = `Put a new key before “${id}” in CDSA_MASTER_KEY and restart: it is taken into use then.`
    throw new AppError('vault.key_unchanged', { detail })
  }
  await makeVaultKeyCurrent(tx, { id, kcv })
  return { id, kcv }
}

export function createVault({ db, keys }: VaultOptions): Vault {
  const { inspect, requireOpen, holdCurrentKey } = createVaultGuard({ db, keys })
  return {
    status: async () => {
      const { current, configured, sealedBecause } = await inspect()
      return {
        sealed: sealedBecause !== undefined,
        keyId: current.id,
        kcv: current.kcv,
        configuredKeyId: configured.id,
        configuredKcv: configured.kcv,
        staleVersions: await countStaleVersions(db),
      }
    },
    requireOpen,
    seal: async (tx, value, place) => sealEnvelope(keys, { value, place, kekId: await holdCurrentKey(tx) }),
    open: async (version) => {
      await requireOpen()
      return openEnvelope(keys, version)
    },
    rewrap: async (tx, rows) => {
      const kekId = await holdCurrentKey(tx)
      return Promise.all(rows.map(async (row) => ({ ...row, kekId, wrappedDek: await rewrapDek(keys, row, kekId) })))
    },
    rotateKey: async (tx) => {
      await requireOpen()
      return rotateKey(tx, keys)
    },
  }
}
