// Where a browser goes after its sign-in: a place of this origin and no other, or the sign-in's link would be one to any
// page that a stranger chose (an open redirect). Browsers read `//host` and `/\host` as another host, and skip controls.
import { z } from 'zod'

/** The flow's cookie carries it; browsers keep 4,096 bytes of one. */
const maxLength = 1_000

/** As it came, and as a server behind this one may read it. */
function readingsOf(path: string): string[] | undefined {
  try {
    return [path, decodeURIComponent(path)]
  } catch {
    return undefined
  }
}

const isLocal = (path: string): boolean =>
  path.startsWith('/') && !path.includes('//') && !path.includes('\\') && !/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u.test(path)

/** A path, query and fragment, in the form in which a `Location` header carries them. */
export const returnToSchema = z
  .string()
  .max(maxLength)
  .refine((value) => readingsOf(value)?.every(isLocal) ?? false, 'is a path of this origin that starts with one “/”')
  .transform((value) => {
    const { pathname, search, hash } = new URL(value, 'http://origin.invalid')
    return `${pathname}${search}${hash}`
  })
