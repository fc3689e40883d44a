// Turns whatever ended an activity into the problem that is stored and shown.
import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/workflow'
import { type ErrorCode, type StoredProblem, errorRegistry } from '../domain/errors.ts'

const isKnown = (code: string | undefined | null): code is ErrorCode =>
  code !== undefined && code !== null && code in errorRegistry

/** `timedOut` is the code of work that took too long; what we don't know becomes `internal`. */
export function problemOf(error: unknown, timedOut: ErrorCode): StoredProblem {
  const cause = error instanceof ActivityFailure ? error.cause : error
  if (cause instanceof ApplicationFailure && isKnown(cause.type)) {
    const { title } = errorRegistry[cause.type]
    return { code: cause.type, title, ...(cause.message === title ? {} : { detail: cause.message }) }
  }
  if (cause instanceof TimeoutFailure)
    return { code: timedOut, title: errorRegistry[timedOut].title, detail: 'It took too long.' }
  return { code: 'internal', title: errorRegistry.internal.title }
}
