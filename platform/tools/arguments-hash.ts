// What an approval is bound to: the run, the tool as it is configured, the arguments, the requester and the rules. Change
// one of them, and what was approved isn't what would run.
import { createHash } from 'node:crypto'
import { canonicalize } from '../../domain/audit/jcs.ts'

export interface ApprovedThing {
  readonly executionId: string
  /** Of the immutable version. */
  readonly tool: {
    readonly versionId: string
    readonly config: unknown
    readonly inputSchema: unknown
    readonly secretRefs: readonly string[]
  }
  readonly arguments: Readonly<Record<string, unknown>>
  readonly requesterId: string
  readonly policy: { readonly id: string | null; readonly version: number }
}

/** SHA-256 over RFC 8785, in hexadecimal. */
const digest = (value: object): string => createHash('sha256').update(canonicalize(value)).digest('hex')

export const argumentsHashOf = (thing: ApprovedThing): string => digest({ form: 'cdsa/approval/1', ...thing })

/** Of a kept result: the same version with the same arguments, for the same account. */
export const resultKeyOf = (call: {
  readonly versionId: string
  readonly arguments: Readonly<Record<string, unknown>>
  readonly userId: string
}): string => digest({ form: 'cdsa/result/1', ...call })
