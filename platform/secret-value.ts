// A secret in memory, in a form that can't be printed by accident: no log, JSON text or inspection shows it. Its bytes
// can be overwritten once it has served; texts that `reveal` has made from them can't, so it is called where one is needed.
import { inspect } from 'node:util'

const redacted = '[secret]'

export class SecretValue {
  readonly #bytes: Buffer

  /** Takes over `value` when it is bytes: `zero` overwrites them. */
  constructor(value: string | Buffer) {
    this.#bytes = typeof value === 'string' ? Buffer.from(value) : value
  }

  /** The value as text: the only way to it. */
  reveal(): string {
    return this.#bytes.toString('utf8')
  }

  /** Of the value in UTF-8, not a copy of it: for encryption. */
  get bytes(): Uint8Array {
    return this.#bytes
  }

  /** Overwrites the bytes; what is revealed afterwards holds none of them. */
  zero(): void {
    this.#bytes.fill(0)
  }

  toString(): string {
    return redacted
  }

  toJSON(): string {
    return redacted
  }

  [inspect.custom](): string {
    return redacted
  }
}
