// “Rotate now”, and “look again” for a rotation in doubt. The row is made here, so that the answer names the rotation;
// the workflow of the secret's fixed id does the rest, whoever starts it.
import type { Db } from '../../db/database.ts'
import { getRotationPolicy } from '../../db/vault/rotation-policies.ts'
import { findOpenRotation, getRotation, insertRotation, toRotation } from '../../db/vault/rotations.ts'
import { lockSecret } from '../../db/vault/secrets.ts'
import { AppError } from '../../domain/errors.ts'
import { targetTimeoutMs } from '../../domain/vault/rotation-target.ts'
import type { Rotation } from '../../domain/vault/rotation.ts'
import { taskQueue } from '../../domain/task-queues.ts'
import type { Context } from '../../platform/platform.ts'
import { startCommitted } from '../../platform/temporal/start-workflow.ts'
import { probeSignalName, rotateSecretStart } from '../../workflows/vault/messages.ts'
import { audited } from '../audit/audited.ts'

interface Begun {
  readonly rotation: Rotation
  readonly isNew: boolean
}

async function begin({ actor, newResourceId: id }: Context, tx: Db, secretId: string): Promise<Begun> {
  await lockSecret(tx, secretId)
  const open = await findOpenRotation(tx, secretId)
  if (open !== undefined) return { rotation: toRotation(open), isNew: false }
  const { target, graceSeconds } = await getRotationPolicy(tx, secretId)
  const given = { id, secretId, target, graceSeconds, trigger: 'manual', requestedBy: actor.userId } as const
  return { rotation: toRotation(await insertRotation(tx, given)), isNew: true }
}

const startOf = ({ config }: Context, { secretId, trigger, rotator }: Rotation) =>
  rotateSecretStart({ secretId, trigger, targetTimeoutMs: targetTimeoutMs(rotator, config) }, secretId)

/** The rotation that is under way, or a new one. Throws `rotation.no_policy`, `secret.deleted`. */
export async function rotateNow(context: Context, secretId: string): Promise<Rotation> {
  const { rotation } = await audited(
    context,
    (tx) => begin(context, tx, secretId),
    ({ rotation, isNew }) =>
      isNew
        ? {
            action: 'rotation.start',
            resource: { type: 'secret', id: secretId },
            details: { rotationId: rotation.id, trigger: rotation.trigger, rotator: rotation.rotator },
          }
        : undefined,
  )
  await startCommitted(context, startOf(context, rotation))
  return rotation
}

/** How long the request waits for Temporal. */
const signalDeadlineMs = 5_000

interface RotationOf {
  readonly secretId: string
  readonly rotationId: string
}

/** Asks for another probe of a rotation in doubt, and for nothing else. Throws `rotation.not_in_doubt`. */
export async function probeRotation(context: Context, { secretId, rotationId }: RotationOf): Promise<Rotation> {
  const { temporal, config } = context
  const rotation = await audited(
    context,
    async (tx) => {
      const found = toRotation(await getRotation(tx, rotationId))
      if (found.secretId !== secretId)
        throw new AppError('resource.not_found', { detail: 'The secret has no such rotation.' })
      if (found.state === 'in_doubt') return found
      throw new AppError('rotation.not_in_doubt', { detail: `It is ${found.state}: there is nothing to find out.` })
    },
    () => ({ action: 'rotation.probe', resource: { type: 'secret', id: secretId }, details: { rotationId } }),
  )
  const { type, workflowId, queue, input, summary } = startOf(context, rotation)
  // A workflow that was lost is started again by the same call.
  await temporal.withDeadline(Date.now() + signalDeadlineMs, () =>
    temporal.workflow.signalWithStart(type, {
      workflowId,
      taskQueue: taskQueue(config.temporal.queuePrefix, queue),
      args: [input],
      signal: probeSignalName,
      signalArgs: [],
      staticSummary: summary,
    }),
  )
  return rotation
}
