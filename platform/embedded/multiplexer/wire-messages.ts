// Postgres' wire messages: their type bytes, and the few that the multiplexer writes itself.
// Source: PostgreSQL 18 manual, “Frontend/Backend Protocol”, version 3.0.

const byte = (letter: string): number => letter.charCodeAt(0)

/** Type bytes of the messages that clients send. */
export const frontend = {
  bind: byte('B'),
  close: byte('C'),
  copyData: byte('d'),
  copyDone: byte('c'),
  copyFail: byte('f'),
  describe: byte('D'),
  execute: byte('E'),
  flush: byte('H'),
  parse: byte('P'),
  password: byte('p'),
  query: byte('Q'),
  sync: byte('S'),
  terminate: byte('X'),
} as const

/** Type bytes of the messages that the backend sends. */
export const backend = {
  authentication: byte('R'),
  closeComplete: byte('3'),
  error: byte('E'),
  keyData: byte('K'),
  parameterStatus: byte('S'),
  parseComplete: byte('1'),
  ready: byte('Z'),
} as const

/** What ReadyForQuery reports: idle, in a transaction, in a failed transaction. */
export type TransactionStatus = 'I' | 'T' | 'E'

/** The bytes before a message's body: its type, and its length as an int32 that counts itself. */
export const headerLength = 5

/** A message of this type with its parts joined as the body. */
export function message(type: number, ...parts: readonly Buffer[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 4)
  const header = Buffer.allocUnsafe(headerLength)
  header[0] = type
  header.writeInt32BE(length, 1)
  return Buffer.concat([header, ...parts], length + 1)
}

/** Text with the NUL byte that ends a string on the wire. */
export function cstring(text: string): Buffer {
  return Buffer.from(`${text}\0`)
}

function int32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeInt32BE(value)
  return bytes
}

export const queryMessage = (sql: string): Buffer => message(frontend.query, cstring(sql))
export const syncMessage = message(frontend.sync)
/** Closes a prepared statement; `''` is the unnamed one. */
export const closeStatementMessage = (name: string): Buffer => message(frontend.close, Buffer.from('S'), cstring(name))
export const readyMessage = (status: TransactionStatus): Buffer => message(backend.ready, Buffer.from(status))
export const parameterStatusMessage = (name: string, value: string): Buffer =>
  message(backend.parameterStatus, cstring(name), cstring(value))
export const authenticationOkMessage = message(backend.authentication, int32(0))
export const askForPasswordMessage = message(backend.authentication, int32(3))
export const keyDataMessage = (processId: number, secret: number): Buffer =>
  message(backend.keyData, int32(processId), int32(secret))

/** An ErrorResponse after which the connection ends. `code` is an SQLSTATE. */
export function fatalMessage(code: string, text: string): Buffer {
  const fields = ['SFATAL', 'VFATAL', `C${code}`, `M${text}`].map(cstring)
  return message(backend.error, ...fields, Buffer.from([0]))
}
