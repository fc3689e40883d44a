// Deleting, undeleting and destroying one version, each with its event when it has changed anything.
import { type ChangedVersion, deleteVersion, destroyVersion, undeleteVersion } from '../../db/vault/version-states.ts'
import type { VersionPlace } from '../../db/vault/version-rows.ts'
import type { Db } from '../../db/database.ts'
import type { SecretVersion } from '../../domain/vault/secret.ts'
import type { Context } from '../../platform/platform.ts'
import { audited } from '../audit/audited.ts'

export type VersionChange = 'delete' | 'undelete' | 'destroy'

const changes: Readonly<Record<VersionChange, (tx: Db, place: VersionPlace) => Promise<ChangedVersion>>> = {
  delete: deleteVersion,
  undelete: undeleteVersion,
  destroy: destroyVersion,
}

/** Throws `secret.managed` (but for undeleting), `secret.deleted`, `secret.version_destroyed`. */
export async function changeVersion(
  context: Context,
  place: VersionPlace,
  change: VersionChange,
): Promise<SecretVersion> {
  const { version } = await audited(
    context,
    (tx) => changes[change](tx, place),
    ({ changed }) =>
      changed
        ? {
            action: `secret_version.${change}`,
            outcome: 'success',
            resource: { type: 'secret', id: place.secretId, version: place.version },
          }
        : undefined,
  )
  return version
}
