// The one adapter from our errors to Temporal's: a failure carries its code as type and a templated detail, and nothing
// of the foreign error, because failures are stored in histories.
import { ApplicationFailure, CancelledFailure } from '@temporalio/common'
import { CompleteAsyncError } from '@temporalio/activity'
import { AppError } from '../domain/errors.ts'

/** Passes Temporal's own errors through; an unknown error becomes `internal`, retryable. */
export function toApplicationFailure(error: unknown): Error {
  if (error instanceof ApplicationFailure || error instanceof CancelledFailure || error instanceof CompleteAsyncError)
    return error
  const known = error instanceof AppError ? error : new AppError('internal')
  return ApplicationFailure.create({
    type: known.code,
    message: known.message,
    nonRetryable: !known.retryable,
    ...(known.retryAfterMs === undefined ? {} : { nextRetryDelay: known.retryAfterMs }),
  })
}
