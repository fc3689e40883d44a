// What both PDF parsers answer to the same troubles; apart from them, because each is loaded without the other.
import { documentLimits } from '../../domain/documents/limits.ts'
import { AppError } from '../../domain/errors.ts'

export const tooManyPages = (): AppError =>
  new AppError('document.limit_exceeded', { detail: `A document may have ${documentLimits.pages} pages.` })

/** A library's error as ours; errors that are ours, and a call stack or memory at its end, pass through. */
export function toPdfError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof AppError || error instanceof RangeError) return error
  if (error.name === 'PasswordException' || /password/i.test(error.message))
    return new AppError('document.encrypted', { detail: 'Remove the password, and upload the file again.' })
  return new AppError('document.broken', {
    detail: 'The PDF is damaged. Save it anew from its program.',
    cause: error,
  })
}
