// No record, no value: what becomes of a failure to record an access.
import { AppError } from '../../domain/errors.ts'

/** Rethrows what the caller may know; any other failure means that the record wasn't written: `vault.access_unlogged`. */
export function refuseUnlogged(error: unknown): never {
  if (error instanceof AppError && error.kind !== 'internal') throw error
  throw new AppError('vault.access_unlogged', { cause: error })
}
