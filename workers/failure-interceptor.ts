// Around every activity: our errors become Temporal failures, and what failed is logged once, scrubbed.
import type { Context } from '@temporalio/activity'
import { CancelledFailure } from '@temporalio/common'
import type { ActivityInterceptorsFactory } from '@temporalio/worker'
import { toApplicationFailure } from '../activities/application-failure.ts'
import type { Platform } from '../platform/platform.ts'

export const createFailureInterceptor =
  ({ log }: Pick<Platform, 'log'>): ActivityInterceptorsFactory =>
  (context: Context) => ({
    inbound: {
      execute: async (input, next) => {
        try {
          return await next(input)
        } catch (error) {
          const { activityType, attempt, workflowExecution } = context.info
          if (!(error instanceof CancelledFailure)) {
            const where = { activity: activityType, attempt, workflowId: workflowExecution?.workflowId }
            log.warn({ err: error, ...where }, 'an activity failed')
          }
          throw toApplicationFailure(error)
        }
      },
    },
  })
