// A client of the Postgres protocol without a driver's good manners: it sends single messages when the test says so.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { message } from '../../platform/embedded/multiplexer/wire-messages.ts'

export interface Answer {
  /** The type letters of the messages, such as `12DCZ`. */
  readonly types: string
  /** Everything as text, NUL bytes included. */
  readonly text: string
}

export interface RawPostgres {
  readonly socket: Socket
  send(...messages: readonly Buffer[]): void
  /** Resolves with what came since the last answer, once it holds a message of this type. */
  answer(type: string): Promise<Answer>
  close(): void
}

const letter = (type: string): number => type.charCodeAt(0)
const text = (...parts: readonly string[]): Buffer => Buffer.from(parts.map((part) => `${part}\0`).join(''))

export const raw = {
  parse: (sql: string, name = '') => message(letter('P'), text(name, sql), Buffer.alloc(2)),
  bind: (statement = '', portal = '') => message(letter('B'), text(portal, statement), Buffer.alloc(6)),
  describe: (statement = '') => message(letter('D'), Buffer.from('S'), text(statement)),
  execute: (portal = '') => message(letter('E'), text(portal), Buffer.alloc(4)),
  sync: () => message(letter('S')),
  flush: () => message(letter('H')),
  query: (sql: string) => message(letter('Q'), text(sql)),
  unknown: () => message(letter('y')),
  startup: (parameters: Readonly<Record<string, string>>, version = 196_608): Buffer => {
    const body = Buffer.concat([...Object.entries(parameters).map((pair) => text(...pair)), Buffer.from([0])])
    const head = Buffer.alloc(8)
    head.writeInt32BE(body.length + 8, 0)
    head.writeInt32BE(version, 4)
    return Buffer.concat([head, body])
  },
  cancel: (): Buffer => {
    const packet = Buffer.alloc(16)
    packet.writeInt32BE(16, 0)
    packet.writeInt32BE(80_877_102, 4)
    return packet
  },
}

function typesOf(bytes: Buffer): string {
  let types = ''
  for (let at = 0; at + 5 <= bytes.length; at += bytes.readInt32BE(at + 1) + 1) {
    if (at + bytes.readInt32BE(at + 1) + 1 <= bytes.length) types += String.fromCharCode(bytes[at] ?? 0)
  }
  return types
}

/** Connects without a word. */
export async function openRawPostgres(socketPath: string): Promise<RawPostgres> {
  const socket = connect(socketPath)
  await once(socket, 'connect')
  let received = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
    socket.emit('received')
  })
  socket.on('error', () => undefined)
  return {
    socket,
    send: (...messages) => void socket.write(Buffer.concat(messages)),
    answer: async (type) => {
      while (!typesOf(received).includes(type)) {
        if (socket.destroyed) throw new Error(`The connection ended without the message ${type}.`)
        await new Promise<void>((resolve) => {
          const go = (): void => {
            socket.off('received', go)
            socket.off('close', go)
            resolve()
          }
          socket.on('received', go)
          socket.on('close', go)
        })
      }
      const answer = { types: typesOf(received), text: received.toString('latin1') }
      received = Buffer.alloc(0)
      return answer
    },
    close: () => void socket.destroy(),
  }
}

/** Connects and starts a session. */
export async function startRawPostgres(socketPath: string, user = 'cdsa_app'): Promise<RawPostgres> {
  const client = await openRawPostgres(socketPath)
  client.send(raw.startup({ user, database: 'postgres' }))
  await client.answer('Z')
  return client
}
