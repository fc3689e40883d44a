// Results that are kept for equal calls. The key holds the version, the arguments and whose scope they ran in, so nobody is
// given what another one was allowed to see.
import type { Db } from '../database.ts'

/** Undefined where none is kept, or it is too old. */
export async function findResult(db: Db, key: string): Promise<{ readonly result: unknown } | undefined> {
  const [row] = await db.query<{ result: unknown }>(
    'select result from tool_results where key = $1 and expires_at > now()',
    [key],
  )
  return row
}

/** The newer of two equal calls' results takes the place of the older. */
export async function keepResult(
  tx: Db,
  kept: { readonly key: string; readonly versionId: string; readonly result: unknown; readonly ttlSeconds: number },
): Promise<void> {
  await tx.execute(
    `insert into tool_results (key, tool_version_id, result, expires_at)
     values ($1, $2, $3::jsonb, now() + make_interval(secs => $4))
     on conflict (key) do update set result = excluded.result, created_at = now(), expires_at = excluded.expires_at`,
    [kept.key, kept.versionId, JSON.stringify(kept.result), kept.ttlSeconds],
  )
}

const rowsPerPurge = 1_000

/** Deletes some of what has expired; resolves to the number of rows. Any number of workers may purge at once. */
export function purgeResults(db: Db): Promise<number> {
  return db.execute(
    `delete from tool_results where key = any(array(
       select key from tool_results where expires_at < now() order by expires_at limit ${rowsPerPurge} for update skip locked))`,
  )
}
