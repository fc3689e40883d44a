// Stands before every use of the vault's keys: lets through while they are those that the vault was sealed with.
import type { Db } from '../../db/database.ts'
import { shareCurrentVaultKey } from '../../db/vault/keys.ts'
import { AppError } from '../../domain/errors.ts'
import type { KeyProvider } from './key-provider.ts'
import { type VaultKeysState, inspectVaultKeys } from './vault-keys.ts'

export interface VaultOptions {
  readonly db: Db
  readonly keys: KeyProvider
}

export interface VaultGuard {
  inspect(): Promise<VaultKeysState>
  /** Throws `vault.sealed`. It asks the database once; then only while the vault is sealed. */
  requireOpen(): Promise<void>
  /** The current key's id, with its row held until the transaction's end. Throws `vault.sealed`. */
  holdCurrentKey(tx: Db): Promise<string>
}

export function createVaultGuard({ db, keys }: VaultOptions): VaultGuard {
  let open = false
  const inspect = async (): Promise<VaultKeysState> => {
    const state = await inspectVaultKeys(db, keys)
    open = state.sealedBecause === undefined
    return state
  }
  const requireOpen = async (): Promise<void> => {
    if (open) return
    const { sealedBecause } = await inspect()
    if (sealedBecause !== undefined) throw new AppError('vault.sealed', { detail: sealedBecause })
  }
  /** It is checked against the row that is held: not even a process with another key under that id can write. */
  const holdCurrentKey = async (tx: Db): Promise<string> => {
    await requireOpen()
    // A transaction may have taken back what it had recorded: then the next one looks again.
    const { id, kcv } = await shareCurrentVaultKey(tx).catch((error: unknown) => {
      open = false
      throw error
    })
    const found = await keys.kcv(id)
    open = found === kcv
    if (open) return id
    const other = found === undefined ? 'isn’t configured' : `has the check value ${found} here`
    const detail = `The vault’s current key “${id}” (check value ${kcv}) ${other}; “${keys.currentId}” is the first one.`
    throw new AppError('vault.sealed', { detail })
  }
  return { inspect, requireOpen, holdCurrentKey }
}
