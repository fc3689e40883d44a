// The AppError that something is refused with, for tests that look at its code and detail.
import { AppError } from '../../domain/errors.ts'
import { rejection } from './rejection.ts'

/** Throws when the promise resolves, or rejects with anything else: the other error then. */
export async function appErrorOf(work: Promise<unknown>): Promise<AppError> {
  const error = await rejection(work)
  if (error instanceof AppError) return error
  throw error
}
