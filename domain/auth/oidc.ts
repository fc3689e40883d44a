// What a provider tells of a person, brought to the forms that accounts have. It may send anything: what has no such form
// counts as not told.
import { emailSchema } from './user.ts'

/** Code points: half of what a name may have of UTF-16 units. */
const maxNameLength = 100

/** The address in its one stored form, as far as the provider vouches for it. */
export function verifiedEmail(email: string | undefined, isVerified: boolean): string | undefined {
  const parsed = emailSchema.safeParse(email)
  return isVerified && parsed.success ? parsed.data : undefined
}

/** A name for the account: the first of these that shows something. */
export function displayNameFrom(name: string | undefined, email: string | undefined): string {
  const shown = (name ?? '')
    .normalize('NFC')
    .replaceAll(/[\p{Cc}\p{Cs}]/gu, ' ')
    .trim()
  const [local] = (email ?? '').split('@', 1)
  const [chosen = ''] = [shown, local].filter((one) => one !== '')
  return Array.from(chosen).slice(0, maxNameLength).join('').trim() || 'User'
}
