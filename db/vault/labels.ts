// Labels: names for versions that move in one transaction, so that nobody sees a secret without its current value.
// Every function here is called by a holder of `lockSecret`.
import type { Label, UniqueLabel } from '../../domain/vault/secret.ts'
import type { Db } from '../database.ts'

export interface LabelledVersion {
  readonly secretId: string
  readonly version: number
}

/** Takes a label off every version of the secret; resolves to those that had it. */
export async function removeLabel(tx: Db, secretId: string, label: Label): Promise<number[]> {
  const rows = await tx.query<{ version: number }>(
    'delete from secret_labels where secret_id = $1 and label = $2 returning version',
    [secretId, label],
  )
  return rows.map(({ version }) => version)
}

export async function addLabel(tx: Db, { secretId, version }: LabelledVersion, label: Label): Promise<void> {
  await tx.execute('insert into secret_labels (secret_id, version, label) values ($1, $2, $3) on conflict do nothing', [
    secretId,
    version,
    label,
  ])
}

/** Puts a label on one version, taking it off the one that has it; resolves to that one. */
async function moveLabel(tx: Db, to: LabelledVersion, label: UniqueLabel): Promise<number | undefined> {
  const [from] = await removeLabel(tx, to.secretId, label)
  await addLabel(tx, to, label)
  return from
}

/** Makes a version the current one, and the one that was it the previous one. */
export async function makeCurrent(tx: Db, to: LabelledVersion): Promise<void> {
  const before = await moveLabel(tx, to, 'CURRENT')
  if (before === undefined || before === to.version) return
  await moveLabel(tx, { secretId: to.secretId, version: before }, 'PREVIOUS')
}
