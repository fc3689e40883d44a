// Turns `secret://path#version` of stored configuration into the value, for one destination: only inside an activity, so
// that no value comes near a workflow's history, and never from an argument, which a model could have written.
import { Context } from '@temporalio/activity'
import { appendAuditEvent } from '../../db/audit/events.ts'
import type { Db } from '../../db/database.ts'
import { recordAccess } from '../../db/vault/access-log.ts'
import { findSecretByPath } from '../../db/vault/secrets.ts'
import { type VersionPlace, getStoredVersion, selectVersion } from '../../db/vault/version-rows.ts'
import { AppError } from '../../domain/errors.ts'
import { originOf } from '../../domain/vault/origin.ts'
import { type SecretReference, parseSecretReference } from '../../domain/vault/secret-reference.ts'
import type { Secret } from '../../domain/vault/secret.ts'
import type { Platform } from '../../platform/platform.ts'
import type { SecretValue } from '../../platform/secret-value.ts'

export interface SecretUse {
  /** As it stands in stored configuration, before anything is put into it. */
  readonly reference: string
  /** The address that the value will be sent to; its origin must be one of the secret’s destinations. */
  readonly destination: string
  /** The account for whom it is used. */
  readonly onBehalfOf?: string | undefined
}

const action = 'secret.use'

function requireDestination({ destinations }: Secret, destination: string): void {
  const origin = originOf(destination)
  if (origin !== undefined && destinations.includes(origin)) return
  const detail = `Add ${origin ?? 'that origin'} to the secret’s destinations, if it should be sent there.`
  throw new AppError('secret.destination_refused', { detail })
}

async function findReferred(db: Db, { path }: SecretReference): Promise<Secret> {
  const secret = await findSecretByPath(db, path)
  if (secret === undefined) throw new AppError('secret.no_value', { detail: `There is no secret at ${path}.` })
  return secret
}

function record(tx: Db, place: VersionPlace, { onBehalfOf }: SecretUse): Promise<unknown> {
  const { workflowId, runId } = Context.current().info.workflowExecution ?? {}
  const { secretId, version } = place
  const who = { actorType: 'system', actorId: onBehalfOf } as const
  return Promise.all([
    recordAccess(tx, { secretId, version, ...who, purpose: action, workflowId }),
    appendAuditEvent(tx, {
      action,
      outcome: 'success',
      actor: { type: 'system' },
      resource: { type: 'secret', id: secretId, version },
      ...(onBehalfOf === undefined ? {} : { onBehalfOf }),
      ...(workflowId === undefined ? {} : { workflowId }),
      ...(runId === undefined ? {} : { runId }),
    }),
  ])
}

/**
 * The caller zeroes the value when it has served. Throws `secret.reference_invalid`, `secret.destination_refused`,
 * `secret.no_value`, `vault.access_unlogged`, `vault.sealed`; outside an activity, Temporal’s own error.
 */
export async function resolveSecret(
  { db, vault }: Pick<Platform, 'db' | 'vault'>,
  use: SecretUse,
): Promise<SecretValue> {
  Context.current()
  await vault.requireOpen()
  const reference = parseSecretReference(use.reference)
  const place = await db
    .transaction(async (tx) => {
      const secret = await findReferred(tx, reference)
      requireDestination(secret, use.destination)
      const { version } = await selectVersion(tx, { secretId: secret.id, ...reference })
      await record(tx, { secretId: secret.id, version }, use)
      return { secretId: secret.id, version }
    })
    .catch((error: unknown) => {
      if (error instanceof AppError && error.kind !== 'internal') throw error
      throw new AppError('vault.access_unlogged', { cause: error })
    })
  return vault.open(await getStoredVersion(db, place))
}
