// A secret's value. Invariant: who is given it is on record first; the row and the event have been committed before the
// first byte of the value is read, and where they can't be, nothing is read.
import { recordAccess } from '../../db/vault/access-log.ts'
import { type VersionSelection, getStoredVersion, selectVersion } from '../../db/vault/version-rows.ts'
import type { Db } from '../../db/database.ts'
import type { SecretVersion } from '../../domain/vault/secret.ts'
import type { Context } from '../../platform/platform.ts'
import { refuseUnlogged } from '../../platform/vault/refuse-unlogged.ts'
import { audited } from '../audit/audited.ts'

export interface ReadValue {
  readonly value: string
  readonly version: number
  readonly labels: SecretVersion['labels']
}

const action = 'secret.read'

/** Throws `vault.access_unlogged` when the record can't be written, `secret.no_value`, `resource.not_found`, `vault.sealed`. */
export async function readValue(context: Context, selection: VersionSelection): Promise<ReadValue> {
  const { db, vault, actor, requestId } = context
  const { secretId } = selection
  const record = async (tx: Db): Promise<SecretVersion> => {
    const selected = await selectVersion(tx, selection)
    const { version } = selected
    await recordAccess(tx, {
      secretId,
      version,
      actorType: 'user',
      actorId: actor.userId,
      purpose: action,
      requestId,
    })
    return selected
  }
  const { version, labels } = await audited(context, record, (selected) => ({
    action,
    outcome: 'success',
    resource: { type: 'secret', id: secretId, version: selected.version },
  })).catch(refuseUnlogged)
  const value = await vault.open(await getStoredVersion(db, { secretId, version }))
  try {
    return { value: value.reveal(), version, labels }
  } finally {
    value.zero()
  }
}
