// One client's side of the multiplexer: the handshake, then one unit at a time to the scheduler and its answer back.
// It reads no further while its unit is out or its client doesn't read, so a fast or slow client costs bounded memory.
import { createHash, randomInt, timingSafeEqual } from 'node:crypto'
import type { Socket } from 'node:net'
import type { EmbeddedRole } from '../embedded-roles.ts'
import { MessageReader, type WireMessage } from './message-reader.ts'
import { ProtocolViolation } from './protocol-violation.ts'
import type { Response } from './response.ts'
import { readStartupPacket } from './startup-packet.ts'
import { StatementNames } from './statement-names.ts'
import { UnitBuilder } from './unit-builder.ts'
import type { ScheduledClient, UnitScheduler } from './unit-scheduler.ts'
import {
  askForPasswordMessage,
  authenticationOkMessage,
  fatalMessage,
  frontend,
  headerLength,
  keyDataMessage,
  readyMessage,
} from './wire-messages.ts'

/** Bytes of one message, and of one unit. */
const longestUnit = 256 * 1024 * 1024
/** Bytes that may wait unread while a unit is out. */
const readAhead = 4 * 1024 * 1024
const handshakeMs = 10_000
const farewellMs = 1_000

export interface ClientConnectionOptions {
  readonly id: number
  readonly socket: Socket
  readonly scheduler: UnitScheduler
  /** Asked for when given: over TCP, where no directory's mode keeps other users out. */
  readonly password: string | undefined
  /** ParameterStatus messages. */
  readonly parameters: Buffer
  /** False when too many connections are open already. */
  admit(): boolean
  onClose(): void
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

export class ClientConnection implements ScheduledClient {
  role: EmbeddedRole = 'cdsa_app'
  unnamed: Buffer | undefined
  readonly statements: StatementNames
  readonly #options: ClientConnectionOptions
  readonly #reader = new MessageReader(longestUnit)
  readonly #units: UnitBuilder
  readonly #handshake: NodeJS.Timeout
  #phase: 'startup' | 'password' | 'ready' | 'closed' = 'startup'
  #hasUnitOut = false
  #isDraining = false

  constructor(options: ClientConnectionOptions) {
    this.#options = options
    this.statements = new StatementNames(options.id)
    this.#units = new UnitBuilder(this.statements, longestUnit)
    this.#handshake = setTimeout(() => this.fail('08000', 'the connection wasn’t set up in time'), handshakeMs)
    const { socket } = options
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => {
      this.#reader.push(chunk)
      this.#advance()
    })
    socket.on('drain', () => {
      this.#isDraining = false
      this.#advance()
    })
    // 'close' follows every error.
    socket.on('error', () => undefined)
    socket.on('close', () => this.#leave())
  }

  get isReady(): boolean {
    return this.#phase === 'ready'
  }

  get #isWaiting(): boolean {
    return this.#hasUnitOut || this.#isDraining
  }

  deliver(response: Response): void {
    if (this.#phase === 'closed') return
    this.#hasUnitOut = false
    this.#isDraining = !this.#options.socket.write(response.bytes)
    this.#advance()
  }

  fail(code: string, text: string): void {
    if (this.#phase === 'closed') return
    const { socket } = this.#options
    socket.write(fatalMessage(code, text))
    socket.destroySoon()
    // A client that doesn't read doesn't keep its socket.
    const timer = setTimeout(() => socket.destroy(), farewellMs)
    socket.once('close', () => clearTimeout(timer))
    this.#leave()
  }

  #leave(): void {
    if (this.#phase === 'closed') return
    const wasReady = this.isReady
    this.#phase = 'closed'
    clearTimeout(this.#handshake)
    if (wasReady) this.#options.scheduler.leave(this)
    this.#options.onClose()
  }

  #advance(): void {
    try {
      let isProgressing = true
      while (isProgressing && !this.#isWaiting) isProgressing = this.#step()
    } catch (error) {
      if (!(error instanceof ProtocolViolation)) throw error
      this.fail(error.sqlState, error.message)
    }
    const { socket } = this.#options
    if (this.#isWaiting && this.#reader.buffered > readAhead) socket.pause()
    else socket.resume()
  }

  /** Handles one message; false when there is none. Throws ProtocolViolation. */
  #step(): boolean {
    if (this.#phase === 'closed') return false
    if (this.#phase === 'startup') {
      const packet = this.#reader.nextStartup()
      if (packet !== undefined) this.#start(packet)
      return packet !== undefined
    }
    const message = this.#reader.next()
    if (message === undefined) return false
    if (this.#phase === 'password') this.#checkPassword(message)
    else this.#handle(message)
    return true
  }

  #start(bytes: Buffer): void {
    const { socket, password, admit } = this.#options
    const packet = readStartupPacket(bytes)
    if (packet.kind === 'encryption') socket.write('N')
    else if (packet.kind === 'cancel') {
      // Nothing can interrupt a statement here; saying nothing is what Postgres does, too.
      socket.end()
      this.#leave()
    } else if (!admit()) throw new ProtocolViolation('too many connections to the embedded database', '53300')
    else {
      this.role = packet.role
      if (password === undefined) return this.#welcome()
      this.#phase = 'password'
      socket.write(askForPasswordMessage)
    }
  }

  #checkPassword({ type, bytes }: WireMessage): void {
    const given = bytes.toString('utf8', headerLength, bytes.length - 1)
    const isRight = timingSafeEqual(digest(given), digest(this.#options.password ?? ''))
    if (type !== frontend.password || !isRight) throw new ProtocolViolation('the password is wrong', '28P01')
    this.#welcome()
  }

  #welcome(): void {
    clearTimeout(this.#handshake)
    this.#phase = 'ready'
    const { id, parameters, socket } = this.#options
    const keyData = keyDataMessage(id, randomInt(2 ** 31))
    socket.write(Buffer.concat([authenticationOkMessage, parameters, keyData, readyMessage('I')]))
  }

  #handle(message: WireMessage): void {
    if (message.type === frontend.terminate) {
      this.#options.socket.end()
      this.#leave()
      return
    }
    const unit = this.#units.add(message)
    if (unit === undefined) return
    this.#hasUnitOut = true
    this.#options.scheduler.submit(this, unit)
  }
}
