// The names under which one connection's prepared statements stand in the backend that all connections share.
// Portals need none: they end with their transaction, and a transaction has the backend to itself.

/** Makes short names of its own: Postgres cuts names at 63 bytes, where a prefix would make two long ones collide. */
export class StatementNames {
  readonly #prefix: string
  readonly #names = new Map<string, string>()

  constructor(connectionId: number) {
    this.#prefix = `c${connectionId}_`
  }

  /** The backend's name for the client's one; the unnamed statement stays unnamed. */
  inBackend(name: string): string {
    if (name === '') return ''
    const known = this.#names.get(name)
    if (known !== undefined) return known
    const made = `${this.#prefix}${this.#names.size}`
    this.#names.set(name, made)
    return made
  }

  /** Every name that may stand in the backend. */
  all(): readonly string[] {
    return [...this.#names.values()]
  }
}
