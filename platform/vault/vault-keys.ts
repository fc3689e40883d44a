// Whether the configured keys are those that the vault was sealed with. They are compared by check value, before anything
// is written: a key that is missing or another one seals the vault, and nothing takes its place.
import { appendAuditEvent } from '../../db/audit/events.ts'
import type { Db } from '../../db/database.ts'
import {
  type VaultKey,
  findVaultKeys,
  lockVaultKeys,
  makeVaultKeyCurrent,
  recordFirstVaultKey,
} from '../../db/vault/keys.ts'
import { AppError } from '../../domain/errors.ts'
import type { KeyProvider } from './key-provider.ts'

export interface VaultKeysState {
  readonly current: Pick<VaultKey, 'id' | 'kcv'>
  readonly configured: Pick<VaultKey, 'id' | 'kcv'>
  /** Why the vault is sealed; undefined while it is open. */
  readonly sealedBecause?: string
}

async function kcvOf(keys: KeyProvider, id: string): Promise<string> {
  const kcv = await keys.kcv(id)
  if (kcv === undefined) throw new AppError('internal', { detail: `The master key “${id}” is missing.` })
  return kcv
}

function explain(recorded: VaultKey, configured: Pick<VaultKey, 'id' | 'kcv'>, found: string | undefined): string {
  const wanted = `The vault is sealed with the key “${recorded.id}” (check value ${recorded.kcv})`
  const first = `“${configured.id}” (check value ${configured.kcv})`
  if (found === undefined) return `${wanted}, which isn’t configured: ${first} is. Add the old key to CDSA_MASTER_KEY.`
  return `${wanted}; the configured key of that id has the check value ${found}, and the first one is ${first}. Configure the old key.`
}

type ConfiguredKey = VaultKeysState['configured']

const eventOf = (action: 'key.create' | 'key.rotate', { id, kcv }: ConfiguredKey) =>
  ({
    action,
    outcome: 'success',
    actor: { type: 'system' },
    resource: { type: 'key', id },
    details: { kcv },
  }) as const

async function recordFirst(db: Db, configured: ConfiguredKey): Promise<void> {
  await db.transaction(async (tx) => {
    if (await recordFirstVaultKey(tx, configured)) await appendAuditEvent(tx, eventOf('key.create', configured))
  })
}

/** A key that the configuration puts first, and that no process has ever used, is taken into use. */
async function adopt(db: Db, configured: ConfiguredKey): Promise<void> {
  await db.transaction(async (tx) => {
    const known = await lockVaultKeys(tx)
    if (known.some(({ id }) => id === configured.id)) return
    await makeVaultKeyCurrent(tx, configured)
    await appendAuditEvent(tx, eventOf('key.rotate', configured))
  })
}

/** Compares the configured keys with the recorded ones; records the first key of all, and adopts a new first one. */
export async function inspectVaultKeys(db: Db, keys: KeyProvider): Promise<VaultKeysState> {
  const configured = { id: keys.currentId, kcv: await kcvOf(keys, keys.currentId) }
  let recorded = await findVaultKeys(db)
  if (recorded.length === 0) {
    await recordFirst(db, configured)
    recorded = await findVaultKeys(db)
  }
  for (const key of recorded) {
    const found = await keys.kcv(key.id)
    // A retired key may be missing, but not be another one under its id.
    if (found === key.kcv || (found === undefined && key.retired)) continue
    const current = recorded.find((one) => one.current) ?? key
    return { current, configured, sealedBecause: explain(key, configured, found) }
  }
  if (!recorded.some(({ id }) => id === configured.id)) {
    await adopt(db, configured)
    recorded = await findVaultKeys(db)
  }
  const current = recorded.find((one) => one.current)
  if (current === undefined) throw new AppError('internal', { detail: 'The vault has no current key.' })
  return { current, configured }
}
