// Makes the schedules what the policies say, removes those of policies that are gone, and tells of secrets that their
// policies should have rotated long ago.
import { Context } from '@temporalio/activity'
import { createNotifications } from '../../db/notifications/notifications.ts'
import { listOverdueSecrets } from '../../db/vault/overdue-secrets.ts'
import { type StoredPolicy, findRotationPolicy, listRotationPolicies } from '../../db/vault/rotation-policies.ts'
import { overdueNotification } from '../../domain/notifications/rotation-notifications.ts'
import { announceNotifications } from '../../platform/notifications/announce-notifications.ts'
import type { Platform } from '../../platform/platform.ts'
import { rotationPeriod, rotationSchedulePrefix } from '../../platform/temporal/rotation-schedules.ts'
import { listSchedules, putSchedule, removeSchedule, scheduleIdOf } from '../../platform/temporal/schedules.ts'

type ReconcilePlatform = Pick<Platform, 'db' | 'temporal' | 'config' | 'bus' | 'log'>

const pageSize = 100

async function* pagesOfPolicies({ db }: ReconcilePlatform): AsyncGenerator<readonly StoredPolicy[]> {
  let after: string | undefined
  for (;;) {
    const page = await listRotationPolicies(db, { after, limit: pageSize })
    yield page
    after = page.at(-1)?.secretId
    if (page.length < pageSize) return
  }
}

async function removeOrphans(platform: ReconcilePlatform): Promise<void> {
  const prefix = scheduleIdOf(platform, rotationSchedulePrefix)
  for (const scheduleId of await listSchedules(platform, rotationSchedulePrefix)) {
    // Asked for anew, because a policy may have been put since.
    const policy = await findRotationPolicy(platform.db, scheduleId.slice(prefix.length))
    if (policy === undefined) await removeSchedule(platform, scheduleId)
  }
}

async function tellOfOverdue(platform: ReconcilePlatform, policies: readonly StoredPolicy[]): Promise<void> {
  const secretIds = policies.map(({ secretId }) => secretId)
  for (const secret of await listOverdueSecrets(platform.db, secretIds)) {
    const content = { ...overdueNotification(secret), permission: 'secret:write' as const }
    await announceNotifications(platform, await platform.db.transaction((tx) => createNotifications(tx, content)))
  }
}

export const createReconcileSchedules =
  (platform: ReconcilePlatform) =>
  async (_input: Readonly<Record<string, never>>): Promise<void> => {
    const { cancellationSignal } = Context.current()
    for await (const policies of pagesOfPolicies(platform)) {
      for (const policy of policies) {
        cancellationSignal.throwIfAborted()
        await putSchedule(platform, rotationPeriod(platform, policy))
      }
      await tellOfOverdue(platform, policies)
    }
    await removeOrphans(platform)
  }
