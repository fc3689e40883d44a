// Tells an outage of the database from a fault in a statement: the first is worth a retry, the second a bug report.
// It lives here because only db/ knows the error classes of the layer below.
import { ConnectionError } from 'sequelize'

/** SQLSTATE classes and codes of a server that is away, starting, stopping, or out of connections. */
const outages = /^(08...|57P0[1-5]|53300|53400)$/
const brokenConnection = /^(Connection terminated|Client has encountered a connection error|Client was closed)/
const socketFaults: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOENT'])

/** True when Postgres couldn't be reached or cut the connection, whatever layer wrapped the error. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (error instanceof ConnectionError) return true
  // Sequelize wraps what the driver threw as `parent`; an error without one isn't the database's.
  const parent = error instanceof Error ? (error as { parent?: unknown }).parent : undefined
  if (!(parent instanceof Error)) return false
  const { code } = parent as { code?: unknown }
  return (
    (typeof code === 'string' && outages.test(code)) || socketFaults.has(code) || brokenConnection.test(parent.message)
  )
}
