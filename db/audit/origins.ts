// The names under which the log has been signed.
import type { Db } from '../database.ts'

/** Newest first; as many as the database was restored, and one. */
export async function listOrigins(db: Db): Promise<string[]> {
  const rows = await db.query<{ origin: string }>('select origin from audit_origins order by number desc')
  return rows.map(({ origin }) => origin)
}
