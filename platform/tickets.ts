// A ticket: a value that somebody else keeps for us, such as in a cookie, and that nobody else can read, make or change.
import type { z } from 'zod'
import type { PlatformKeys } from './keys.ts'

/** The text of a ticket: characters that a cookie and a URL can hold. */
export function sealTicket(keys: Pick<PlatformKeys, 'seal'>, purpose: string, value: object): string {
  const { keyId, sealed } = keys.seal(purpose, Buffer.from(JSON.stringify(value)))
  return `${Buffer.from(keyId).toString('base64url')}.${sealed.toString('base64url')}`
}

export interface PresentedTicket<S extends z.ZodType> {
  readonly schema: S
  readonly value: string
}

/** Undefined for whatever isn’t a ticket of this purpose and shape, also one of a key that is gone. */
export function openTicket<S extends z.ZodType>(
  keys: Pick<PlatformKeys, 'open'>,
  purpose: string,
  { schema, value }: PresentedTicket<S>,
): z.output<S> | undefined {
  const [keyId = '', sealed = ''] = value.split('.').map((part) => Buffer.from(part, 'base64url'))
  try {
    return schema.parse(JSON.parse(keys.open(purpose, String(keyId), Buffer.from(sealed)).toString()))
  } catch {
    return undefined
  }
}
