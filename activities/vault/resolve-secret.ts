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
import { refuseUnlogged } from '../../platform/vault/refuse-unlogged.ts'

export interface SecretUse {
  /** As it stands in stored configuration, before anything is put into it. */
  readonly reference: string
  /** The address that the value will be sent to; its origin must be one of the secret’s destinations. */
  readonly destination: string
  /** The account for whom it is used. */
  readonly onBehalfOf?: string | undefined
}

const action = 'secret.use'

function mayGoTo({ destinations }: Secret, destination: string): boolean {
  const origin = originOf(destination)
  return origin !== undefined && destinations.includes(origin)
}

async function findReferred(db: Db, { path }: SecretReference): Promise<Secret> {
  const secret = await findSecretByPath(db, path)
  if (secret === undefined) throw new AppError('secret.no_value', { detail: `There is no secret at ${path}.` })
  return secret
}

function eventOf({ secretId, version }: Partial<VersionPlace>, { onBehalfOf }: SecretUse) {
  const { workflowId, runId } = Context.current().info.workflowExecution ?? {}
  return {
    action,
    actor: { type: 'system' },
    resource: { type: 'secret', ...(secretId && { id: secretId }), ...(version && { version }) },
    ...(onBehalfOf && { onBehalfOf }),
    ...(workflowId && { workflowId }),
    ...(runId && { runId }),
  } as const
}

async function record(tx: Db, place: VersionPlace, use: SecretUse): Promise<void> {
  const event = eventOf(place, use)
  const { onBehalfOf: actorId, workflowId } = event
  await recordAccess(tx, { ...place, actorType: 'system', actorId, purpose: action, workflowId })
  await appendAuditEvent(tx, { ...event, outcome: 'success' })
}

/** A refused destination is on record, too: it may be an attempt to carry the value away. */
async function recordRefusal(db: Db, secretId: string, use: SecretUse): Promise<void> {
  const event = { ...eventOf({ secretId }, use), outcome: 'denied', reason: 'secret.destination_refused' } as const
  await db.transaction((tx) => appendAuditEvent(tx, event))
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
  const secret = await findReferred(db, reference)
  if (!mayGoTo(secret, use.destination)) {
    await recordRefusal(db, secret.id, use)
    const detail = `Add ${originOf(use.destination) ?? 'that origin'} to the secret’s destinations, if it should go there.`
    throw new AppError('secret.destination_refused', { detail })
  }
  const place = await db
    .transaction(async (tx) => {
      const { version } = await selectVersion(tx, { secretId: secret.id, ...reference })
      await record(tx, { secretId: secret.id, version }, use)
      return { secretId: secret.id, version }
    })
    .catch(refuseUnlogged)
  return vault.open(await getStoredVersion(db, place))
}
