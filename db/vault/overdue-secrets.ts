// Secrets whose current value is much older than their policy allows: their rotation is paused, or fails.
import type { Db } from '../database.ts'

export interface OverdueSecret {
  readonly secretId: string
  readonly path: string
  readonly version: number
}

/** Beyond one interval: a rotation that is being tried, or was put off a while, isn't worth a word. */
const slackSeconds = 3_600

/** Of these secrets, those that are overdue, the longest first. Who was told of one already gets no second notification of it. */
export async function listOverdueSecrets(db: Db, secretIds: readonly string[]): Promise<OverdueSecret[]> {
  return db.query(
    `select s.id as "secretId", s.path, v.version
     from rotation_policies p join secrets s on s.id = p.secret_id
     join secret_labels l on l.secret_id = s.id and l.label = 'CURRENT'
     join secret_versions v on v.secret_id = l.secret_id and v.version = l.version
     where p.secret_id = any($1::uuid[])
       and greatest(v.created_at, p.anchored_at) < now() - make_interval(secs => p.every_seconds::float8 * 2 + ${slackSeconds})
     order by v.created_at`,
    [secretIds],
  )
}
