// How many values of the vault a process reads: each committed to its access log and to the audit log first, then opened;
// beside a plain select of the sealed row.
import { randomBytes, randomUUID } from 'node:crypto'
import { readValue } from '../api/vault/read-value.ts'
import type { Db } from '../db/database.ts'
import { newId } from '../db/ids.ts'
import type { Context } from '../platform/platform.ts'
import { makeSecret, newMasterKey, putValues, vaultOf } from '../test/support/vault-parts.ts'
import type { Benchmark } from './benchmark.ts'
import { openBenchDatabase } from './bench-database.ts'
import { atOnce, interleave, timed } from './interleave.ts'

const readers = 16
const readsEach = 20
const rounds = 20

async function perSecond(work: () => Promise<unknown>): Promise<number> {
  const ms = await timed(() =>
    atOnce(readers, async () => {
      for (let count = 0; count < readsEach; count += 1) await work()
    }),
  )
  return (readers * readsEach * 1_000) / ms
}

const selectRow = (db: Db, secretId: string) =>
  db.query('select ciphertext, wrapped_dek from secret_versions where secret_id = $1 and version = 1', [secretId])

export const vault: Benchmark = {
  name: 'vault',
  run: async (context) => {
    const { db } = await openBenchDatabase(context, { poolSize: readers })
    const opened = await vaultOf(db, newMasterKey('bench'))
    const parts = { db, vault: opened }
    const secretId = await makeSecret(parts)
    await putValues(parts, secretId, randomBytes(24).toString('base64'))
    const actor = { userId: newId(), sessionId: newId(), email: '', roles: [], permissions: new Set() }
    const request = { requestId: randomUUID(), ip: '192.0.2.7', userAgent: 'bench' }
    // All that the use case takes of it is real.
    const reader = { ...parts, actor, ...request } as unknown as Context
    const taken = await interleave(
      {
        select: async () => [await perSecond(() => selectRow(db, secretId))],
        read: async () => [await perSecond(() => readValue(reader, { secretId }))],
      },
      { rounds: context.times(rounds), warmUp: 2 },
    )
    return [
      {
        measured: { name: `values of the vault, ${readers} at once`, unit: 'reads/s', samples: taken.read },
        baseline: { name: 'plain select of the row', unit: 'reads/s', samples: taken.select },
      },
    ]
  },
}
