// The application-wide advisory locks of Postgres, each held to the end of its transaction. No two may be equal: who waits
// for one would wait for the other.
import type { Db } from './database.ts'

const locks = {
  migration: '219, 1',
  sealing: '219, 2',
  seed: '219, 3',
  vaultKeys: '219, 4',
  signingKeys: '219, 5',
} as const

/** Waits for the lock, and holds it until the transaction ends. */
export async function lockFor(tx: Db, what: keyof typeof locks): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock(${locks[what]})`)
}
