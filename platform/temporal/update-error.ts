// What an Update that was refused says to whoever sent it: the code that our own validators and activities gave it.
import type { WorkflowUpdateFailedError } from '@temporalio/client'
import { ApplicationFailure } from '@temporalio/common'
import { AppError, type ErrorCode, errorRegistry } from '../../domain/errors.ts'

const isKnown = (type: string | null | undefined): type is ErrorCode =>
  typeof type === 'string' && type in errorRegistry

/** The innermost failure of ours; `internal` where there is none. */
export function toUpdateError(failed: WorkflowUpdateFailedError): AppError {
  for (let cause: unknown = failed.cause; cause instanceof Error; cause = cause.cause) {
    if (!(cause instanceof ApplicationFailure) || !isKnown(cause.type)) continue
    const { title } = errorRegistry[cause.type]
    return new AppError(cause.type, { cause: failed, ...(cause.message !== title && { detail: cause.message }) })
  }
  return new AppError('internal', { cause: failed })
}
