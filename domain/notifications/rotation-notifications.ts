// What is told of a secret's rotation. A rotation finishes, fails or falls in doubt once each, so its id is the cause.
import type { StoredProblem } from '../errors.ts'
import type { NotificationContent } from './notification.ts'

export interface RotatedSecret {
  readonly secretId: string
  readonly path: string
  readonly rotationId: string
  /** The new one; null when none was made. */
  readonly version: number | null
}

const reasonOf = ({ title, detail }: StoredProblem): string => detail ?? `${title}.`

export const rotatedNotification = ({ secretId, path, rotationId, version }: RotatedSecret): NotificationContent => ({
  kind: 'secret.rotated',
  title: `The secret ${path} has a new value`,
  body: `Version ${version ?? 0} is the current one now.`,
  data: { secretId, rotationId, version },
  dedupeKey: `rotation:${rotationId}:rotated`,
})

export const rotationFailedNotification = (
  { secretId, path, rotationId, version }: RotatedSecret,
  problem: StoredProblem,
): NotificationContent => ({
  kind: 'secret.rotation_failed',
  title: `The secret ${path} wasn’t rotated`,
  body: `Its value is the same as before. ${reasonOf(problem)}`,
  data: { secretId, rotationId, version, problemCode: problem.code },
  dedupeKey: `rotation:${rotationId}:failed`,
})

export const rotationInDoubtNotification = (
  { secretId, path, rotationId, version }: RotatedSecret,
  problem: StoredProblem,
): NotificationContent => ({
  kind: 'secret.rotation_in_doubt',
  title: `It isn’t known which value of ${path} works`,
  body: `All of its values are kept, and the target is asked again and again. ${reasonOf(problem)}`,
  data: { secretId, rotationId, version, problemCode: problem.code },
  dedupeKey: `rotation:${rotationId}:in_doubt`,
})

export const overdueNotification = (
  secret: Pick<RotatedSecret, 'secretId' | 'path' | 'version'>,
): NotificationContent => ({
  kind: 'secret.expiring',
  title: `The secret ${secret.path} is older than its policy allows`,
  body: 'Its rotation is paused or failing. See its last rotation, and rotate it by hand.',
  data: { secretId: secret.secretId, version: secret.version },
  dedupeKey: `secret:${secret.secretId}:${secret.version ?? 0}:overdue`,
})
