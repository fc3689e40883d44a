// A password that is to be set may not be one that guessing starts with (NIST SP 800-63B 3.1.1.2).
import { AppError } from '../../domain/errors.ts'
import { isCommonPassword } from '../../platform/passwords.ts'

/** Throws `request.invalid` about `field`. */
export function refuseCommonPassword(password: string, field = 'password'): void {
  if (!isCommonPassword(password)) return
  throw new AppError('request.invalid', {
    detail: 'This password is on the lists that guessing starts with: choose another one.',
    errors: [{ path: field, message: 'is too common' }],
  })
}
