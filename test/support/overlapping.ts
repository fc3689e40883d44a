// Two changes of a database of which the second starts before the first has committed: how a race ends that ends badly.
import type { Db } from '../../db/database.ts'
import type { TestDatabase } from './database.ts'

/** Starts `second` inside the open transaction of `first`, which commits once `second` is done or waits for it. */
export async function overlapping<T>(
  database: TestDatabase,
  first: (tx: Db) => Promise<unknown>,
  second: (db: Db) => Promise<T>,
): Promise<T> {
  const [one, two] = [database.open(), database.open()]
  await two.query('select 1 as connected')
  let start = (): void => undefined
  const started = new Promise<void>((resolve) => {
    start = resolve
  })
  const state = { settled: false }
  // Begun outside the transaction's asynchronous context, which its queries would otherwise join.
  const result = started
    .then(() => second(two))
    .finally(() => {
      state.settled = true
    })
  await one.transaction(async (tx) => {
    await first(tx)
    start()
    for (let asked = 0; asked < 100 && !state.settled; asked += 1) {
      const waiting = await tx.query('select pid from pg_locks where not granted')
      if (waiting.length > 0) break
    }
  })
  return await result
}
