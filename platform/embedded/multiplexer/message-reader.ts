// Cuts a byte stream into wire messages. Chunks stay in a list until a message is whole, so that a large parameter is
// joined once: appending each chunk to one buffer copies 30 MB five hundred times.
import { ProtocolViolation } from './protocol-violation.ts'
import { headerLength } from './wire-messages.ts'

/** The longest start-up packet that Postgres reads, in bytes. */
const longestStartup = 10_000

export interface WireMessage {
  readonly type: number
  /** The whole message, header included. */
  readonly bytes: Buffer
}

export class MessageReader {
  readonly #longest: number
  #chunks: Buffer[] = []
  #buffered = 0

  /** `longest`: the largest message in bytes, header included. */
  constructor(longest: number) {
    this.#longest = longest
  }

  /** Bytes that were pushed and not yet read. */
  get buffered(): number {
    return this.#buffered
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return
    this.#chunks.push(chunk)
    this.#buffered += chunk.length
  }

  /** The start-up packet, which has no type byte; undefined until it is whole. Throws ProtocolViolation. */
  nextStartup(): Buffer | undefined {
    const length = this.#peek(4)?.readInt32BE(0)
    if (length === undefined) return undefined
    if (length < 8 || length > longestStartup) throw new ProtocolViolation('invalid length of the start-up packet')
    return this.#buffered < length ? undefined : this.#take(length)
  }

  /** The next message; undefined until it is whole. Throws ProtocolViolation. */
  next(): WireMessage | undefined {
    const header = this.#peek(headerLength)
    if (header === undefined) return undefined
    const length = header.readInt32BE(1) + 1
    if (length < headerLength) throw new ProtocolViolation('invalid message length')
    if (length > this.#longest) throw new ProtocolViolation('the message is too long', '54000')
    return this.#buffered < length ? undefined : { type: header[0] as number, bytes: this.#take(length) }
  }

  /** The first `count` bytes without taking them; undefined while there are fewer. */
  #peek(count: number): Buffer | undefined {
    const [first] = this.#chunks
    if (first === undefined || this.#buffered < count) return undefined
    if (first.length >= count) return first.subarray(0, count)
    const joined = this.#take(count)
    this.#chunks.unshift(joined)
    this.#buffered += count
    return joined
  }

  /** Takes exactly `count` bytes, which must be there. */
  #take(count: number): Buffer {
    let used = 0
    let missing = count
    while (missing > 0) {
      missing -= (this.#chunks[used] as Buffer).length
      used += 1
    }
    const parts = this.#chunks.splice(0, used)
    if (missing < 0) {
      const last = parts.pop() as Buffer
      parts.push(last.subarray(0, last.length + missing))
      this.#chunks.unshift(last.subarray(last.length + missing))
    }
    this.#buffered -= count
    return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts, count)
  }
}
