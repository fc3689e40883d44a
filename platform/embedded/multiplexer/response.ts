// Reads what the backend answered to one unit: whether it is ready, and in which state of a transaction.
import { backend, headerLength, type TransactionStatus } from './wire-messages.ts'

export interface Response {
  readonly bytes: Buffer
  /** As the last ReadyForQuery says; undefined when there was none. */
  readonly status: TransactionStatus | undefined
  /** The SQLSTATE and message of the first error. */
  readonly error: { readonly code: string; readonly message: string } | undefined
}

function readError(fields: Buffer): { code: string; message: string } {
  const byLetter = new Map<string, string>()
  for (const field of fields.toString('utf8').split('\0')) byLetter.set(field.charAt(0), field.slice(1))
  return { code: byLetter.get('C') ?? 'XX000', message: byLetter.get('M') ?? '' }
}

/** Cuts the answer of an inserted message off the front: one ParseComplete or CloseComplete, if it came to that. */
function withoutInserted(bytes: Buffer): Buffer {
  const [type] = bytes
  return type === backend.parseComplete || type === backend.closeComplete ? bytes.subarray(headerLength) : bytes
}

/** `hasInserted`: the unit was preceded by a message that its client didn't send. */
export function readResponse(bytes: Buffer, hasInserted = false): Response {
  let status: TransactionStatus | undefined
  let error: Response['error']
  for (let at = 0; at + headerLength <= bytes.length; at += bytes.readInt32BE(at + 1) + 1) {
    const type = bytes[at]
    if (type === backend.ready) status = String.fromCharCode(bytes[at + headerLength] ?? 0) as TransactionStatus
    else if (type === backend.error && error === undefined) {
      error = readError(bytes.subarray(at + headerLength, at + 1 + bytes.readInt32BE(at + 1)))
    }
  }
  return { bytes: hasInserted ? withoutInserted(bytes) : bytes, status, error }
}
