// Serves many Postgres clients from one PGlite session, isolated from each other as on a real server (decision 003).
// PGlite's own socket server schedules single messages: clients got each other's rows and transactions.
import { createServer, type ListenOptions } from 'node:net'
import { ClientConnection } from './client-connection.ts'
import { createSharedBackend, type ExchangeMessages } from './shared-backend.ts'
import { UnitScheduler } from './unit-scheduler.ts'
import { parameterStatusMessage } from './wire-messages.ts'

/** Sockets that may be in their handshake beyond the connections that are admitted. */
const handshakes = 20

export interface MultiplexerOptions {
  readonly exchange: ExchangeMessages
  /** A Unix socket's path, or a loopback host and port. */
  readonly listen: ListenOptions
  readonly password?: string | undefined
  /** What every client is told at its start, such as the server's version. */
  readonly parameters: Readonly<Record<string, string>>
  readonly maxConnections: number
  readonly idleTransactionMs: number
  /** The backend can't be trusted any more: the process has to end. */
  onBroken(error: unknown): void
}

export interface Multiplexer {
  readonly unitsRun: number
  /** Runs SQL as superuser once no transaction is open. Rejects when it fails. */
  administer(sql: string): Promise<void>
  /** Ends every connection (SQLSTATE 57P01), and with it its transaction, and stops to listen. */
  close(): Promise<void>
}

/** Resolves once it listens; rejects with the system's error when it can't. */
export async function startMultiplexer(options: MultiplexerOptions): Promise<Multiplexer> {
  const { idleTransactionMs, maxConnections, onBroken, password } = options
  const scheduler = new UnitScheduler({ backend: createSharedBackend(options.exchange), idleTransactionMs, onBroken })
  const parameters = Buffer.concat(
    Object.entries(options.parameters).map(([name, value]) => parameterStatusMessage(name, value)),
  )
  const connections = new Set<ClientConnection>()
  let lastId = 0
  const server = createServer((socket) => {
    lastId += 1
    const connection = new ClientConnection({
      id: lastId,
      socket,
      scheduler,
      password,
      parameters,
      admit: () => [...connections].filter((other) => other.isReady).length < maxConnections,
      onClose: () => connections.delete(connection),
    })
    connections.add(connection)
  })
  server.maxConnections = maxConnections + handshakes
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.listen, resolve)
  })
  return {
    get unitsRun() {
      return scheduler.unitsRun
    },
    administer: (sql) => scheduler.administer(sql),
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const connection of connections) connection.fail('57P01', 'the embedded database is shutting down')
      await closed
    },
  }
}
