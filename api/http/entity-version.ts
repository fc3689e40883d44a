// A resource's version as its ETag: what `If-Match` of a change is held against.
import { AppError } from '../../domain/errors.ts'

export const etagOf = ({ version }: { readonly version: number }): Record<string, string> => ({ ETag: `"${version}"` })

/** `If-Match` names the version that was read; `*` and absence mean any. Throws `request.precondition_failed`. */
export function versionOf(ifMatch: string | undefined, noun: string): number | undefined {
  if (ifMatch === undefined || ifMatch === '*') return undefined
  if (/^\d{1,9}$/.test(ifMatch)) return Number(ifMatch)
  throw new AppError('request.precondition_failed', { detail: `If-Match isn’t an ETag of this ${noun}.` })
}
