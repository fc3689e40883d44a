// Collects a client's messages into units: a simple Query, or everything up to a Sync or Flush. Only whole units reach
// the backend, because between the messages of one unit no other client's message may be run.
import { ProtocolViolation } from './protocol-violation.ts'
import type { StatementNames } from './statement-names.ts'
import { refusalOf, refusingStatement } from './statement-policy.ts'
import { cstring, frontend, headerLength, message, queryMessage } from './wire-messages.ts'
import type { WireMessage } from './message-reader.ts'

export interface Unit {
  readonly bytes: Buffer
  /** After a Query or Sync the backend reports that it is ready; after a Flush it waits for more. */
  readonly end: 'query' | 'sync' | 'flush'
  /** The unit refers to the unnamed statement as an earlier unit of this client left it. */
  readonly usesEarlierUnnamed: boolean
  /** What the unit leaves as unnamed statement: a Parse message, nothing (null), or what was there (undefined). */
  readonly unnamed: Buffer | null | undefined
}

/** The end of the NUL-terminated text that begins at `from`. Throws ProtocolViolation. */
function endOfText(bytes: Buffer, from: number): number {
  const end = bytes.indexOf(0, from)
  if (end === -1) throw new ProtocolViolation('a text in the message has no end')
  return end
}

/** A message that differs from `original` in the text between `from` and `to`. */
function withText(original: WireMessage, { from, to, text }: { from: number; to: number; text: string }): Buffer {
  const body = original.bytes
  return message(original.type, body.subarray(headerLength, from), Buffer.from(text), body.subarray(to))
}

/** The SQL text as the lexer wants it: one character a byte. */
const sqlText = (bytes: Buffer, from: number, to: number): string => bytes.toString('latin1', from, to)

export class UnitBuilder {
  readonly #names: StatementNames
  readonly #longest: number
  #messages: Buffer[] = []
  #length = 0
  #usesEarlierUnnamed = false
  #unnamed: Buffer | null | undefined

  /** `longest`: the largest unit in bytes. */
  constructor(names: StatementNames, longest: number) {
    this.#names = names
    this.#longest = longest
  }

  /** Takes the next message; returns the unit that it completes. Throws ProtocolViolation. */
  add(next: WireMessage): Unit | undefined {
    switch (next.type) {
      case frontend.query:
        this.#append(this.#query(next))
        this.#unnamed = null
        return this.#finish('query')
      case frontend.parse:
        this.#append(this.#parse(next))
        return undefined
      case frontend.bind:
        this.#append(this.#rename(next, endOfText(next.bytes, headerLength) + 1))
        return undefined
      case frontend.describe:
      case frontend.close:
        this.#append(next.bytes[headerLength] === 0x53 ? this.#rename(next, headerLength + 1) : next.bytes)
        return undefined
      case frontend.execute:
        this.#append(next.bytes)
        return undefined
      case frontend.sync:
        this.#append(next.bytes)
        return this.#finish('sync')
      case frontend.flush:
        this.#append(next.bytes)
        return this.#finish('flush')
      case frontend.copyData:
      case frontend.copyDone:
      case frontend.copyFail:
        // Postgres ignores them as well outside a COPY: the client hadn't seen yet that its COPY failed.
        return undefined
      default:
        throw new ProtocolViolation('this type of message isn’t supported')
    }
  }

  #append(bytes: Buffer): void {
    this.#length += bytes.length
    if (this.#length > this.#longest) throw new ProtocolViolation('too many messages without Sync', '54000')
    this.#messages.push(bytes)
  }

  #finish(end: Unit['end']): Unit {
    const unit: Unit = {
      bytes: this.#messages.length === 1 ? (this.#messages[0] as Buffer) : Buffer.concat(this.#messages, this.#length),
      end,
      usesEarlierUnnamed: this.#usesEarlierUnnamed,
      unnamed: this.#unnamed,
    }
    this.#messages = []
    this.#length = 0
    this.#usesEarlierUnnamed = false
    this.#unnamed = undefined
    return unit
  }

  #query(query: WireMessage): Buffer {
    const reason = refusalOf(sqlText(query.bytes, headerLength, endOfText(query.bytes, headerLength)))
    return reason === undefined ? query.bytes : queryMessage(refusingStatement(reason))
  }

  #parse(parse: WireMessage): Buffer {
    const nameEnd = endOfText(parse.bytes, headerLength)
    const sqlEnd = endOfText(parse.bytes, nameEnd + 1)
    const name = this.#names.inBackend(parse.bytes.toString('latin1', headerLength, nameEnd))
    const reason = refusalOf(sqlText(parse.bytes, nameEnd + 1, sqlEnd))
    const bytes =
      reason === undefined
        ? this.#rename(parse, headerLength)
        : message(parse.type, cstring(name), cstring(refusingStatement(reason)), Buffer.from([0, 0]))
    if (name === '') this.#unnamed = bytes
    return bytes
  }

  /** Puts the backend's name for the statement named at `from`, and notes the use of the unnamed one. */
  #rename(original: WireMessage, from: number): Buffer {
    const to = endOfText(original.bytes, from)
    if (to > from) {
      const name = original.bytes.toString('latin1', from, to)
      return withText(original, { from, to, text: this.#names.inBackend(name) })
    }
    if (original.type === frontend.close) this.#unnamed = null
    else if (original.type !== frontend.parse && this.#unnamed === undefined) this.#usesEarlierUnnamed = true
    return original.bytes
  }
}
