// The one Postgres session behind all connections: who it acts as, and whose unnamed statement it holds.
// It trusts its caller, the scheduler, to let a client's transaction end before another client's unit comes.
import type { EmbeddedRole } from '../embedded-roles.ts'
import { readResponse, type Response } from './response.ts'
import type { StatementNames } from './statement-names.ts'
import type { Unit } from './unit-builder.ts'
import { closeStatementMessage, cstring, frontend, message, queryMessage, syncMessage } from './wire-messages.ts'

/** Sends whole wire messages to Postgres and resolves to everything that it answers. */
export type ExchangeMessages = (messages: Buffer) => Promise<Buffer>

export interface BackendClient {
  readonly role: EmbeddedRole
  readonly statements: StatementNames
  /** The client's last Parse message of the unnamed statement, until a simple query ends that statement. */
  unnamed: Buffer | undefined
}

export interface SharedBackend {
  /** Rejects with BackendBroken when Postgres didn't come to its senses after the unit. */
  run(client: BackendClient, unit: Unit): Promise<Response>
  /** Ends the transaction that `client` has left open, if `isOwner`, and frees its statements. */
  forget(client: BackendClient, isOwner: boolean): Promise<void>
  /** Runs SQL as superuser, outside of transactions. */
  administer(sql: string): Promise<void>
}

/** The process can't go on: only a new one, which recovers from the write-ahead log, is sure to be well. */
export class BackendBroken extends Error {
  override readonly name = 'BackendBroken'
}

/** Ends a pipeline that was left without its Sync: the error comes first, because a Sync alone would commit it. */
const abandonMessages = Buffer.concat([
  message(frontend.parse, cstring(''), cstring('abandoned'), Buffer.from([0, 0])),
  syncMessage,
])

export function createSharedBackend(exchange: ExchangeMessages): SharedBackend {
  let role: EmbeddedRole | undefined
  let unnamedOf: BackendClient | undefined

  const command = async (sql: string): Promise<void> => {
    unnamedOf = undefined
    const response = readResponse(await exchange(queryMessage(sql)))
    if (response.status !== 'I') throw new BackendBroken('the backend stopped in a command of the multiplexer')
    if (response.error !== undefined) throw new Error(`a command of the multiplexer failed (${response.error.code})`)
  }
  const actAs = async (wanted: EmbeddedRole | undefined): Promise<void> => {
    if (wanted === role) return
    // RESET does nothing here: a single-user session has no user of its own to go back to.
    await command(`set session authorization ${wanted ?? 'postgres'}`)
    role = wanted
  }
  /** Brings back the client's unnamed statement where another client has used the name since, or clears the name. */
  const unnamedFirst = (client: BackendClient, unit: Unit): Buffer | undefined =>
    unit.usesEarlierUnnamed && unnamedOf !== client ? (client.unnamed ?? closeStatementMessage('')) : undefined

  return {
    run: async (client, unit) => {
      await actAs(client.role)
      const inserted = unnamedFirst(client, unit)
      const answer = await exchange(inserted === undefined ? unit.bytes : Buffer.concat([inserted, unit.bytes]))
      const response = readResponse(answer, inserted !== undefined)
      if (unit.end !== 'flush' && response.status === undefined) {
        throw new BackendBroken('the backend stopped in the middle of a unit')
      }
      if (unit.unnamed !== undefined) client.unnamed = unit.unnamed ?? undefined
      if (unit.unnamed !== undefined || inserted !== undefined) unnamedOf = client
      return response
    },
    forget: async (client, isOwner) => {
      if (isOwner) {
        await exchange(abandonMessages)
        await command('rollback')
      }
      const names = client.statements.all()
      if (names.length > 0) await exchange(Buffer.concat([...names.map(closeStatementMessage), syncMessage]))
      if (unnamedOf === client) unnamedOf = undefined
    },
    administer: async (sql) => {
      await actAs(undefined)
      await command(sql)
    },
  }
}
