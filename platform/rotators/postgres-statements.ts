// The statements of the `postgres` rotator. ALTER ROLE takes no bind parameters, so that a verifier stands in its text:
// the transaction turns off, for itself alone, everything that would write that text anywhere.
import { type Client, escapeIdentifier, escapeLiteral } from 'pg'
import { AppError } from '../../domain/errors.ts'
import { inTransaction, sqlState } from './postgres-session.ts'

/** `required`: without it the text would be logged for certain where the server logs statements at all. */
const quietSettings = [
  { name: 'log_statement', value: 'none', required: true },
  { name: 'log_min_duration_statement', value: '-1', required: true },
  { name: 'log_min_duration_sample', value: '-1', required: true },
  { name: 'log_transaction_sample_rate', value: '0', required: true },
  // The text of a statement that fails.
  { name: 'log_min_error_statement', value: 'panic', required: false },
  // What other sessions see in pg_stat_activity.
  { name: 'track_activities', value: 'off', required: false },
  { name: 'pg_stat_statements.track_utility', value: 'off', required: false },
  { name: 'pgaudit.log', value: 'none', required: false },
] as const

const insufficientPrivilege = '42501'

async function isQuiet(client: Client, { name, value }: (typeof quietSettings)[number]): Promise<boolean> {
  const { rows } = await client.query<{ setting: string | null }>('select current_setting($1, true) as setting', [name])
  const setting = rows[0]?.setting ?? value
  return setting === value
}

/** Inside a transaction. Throws `rotation.preflight_failed` when the server would log what follows. */
async function silence(client: Client): Promise<void> {
  for (const setting of quietSettings) {
    if (await isQuiet(client, setting)) continue
    await client.query('savepoint quiet')
    try {
      await client.query('select set_config($1, $2, true)', [setting.name, setting.value])
    } catch (error) {
      if (sqlState(error) !== insufficientPrivilege) throw error
      await client.query('rollback to savepoint quiet')
      if (setting.required) throw loud(setting.name)
    }
  }
}

const loud = (setting: string): AppError =>
  new AppError('rotation.preflight_failed', {
    detail: `The server logs statements, and the administrator may not turn that off for its own transaction. Grant it: GRANT SET ON PARAMETER ${setting} TO the administrator’s role.`,
  })

/** `alter role … <change>` in a transaction of its own that leaves no trace in the server's log. */
export const alterRole = (client: Client, role: string, change: string): Promise<void> =>
  inTransaction(client, async () => {
    await silence(client)
    await client.query(`alter role ${escapeIdentifier(role)} ${change}`)
  })

/** Finds that the administrator may alter the role, by doing it and taking it back. */
export async function tryAlterRole(client: Client, role: string): Promise<void> {
  await client.query('begin')
  try {
    await silence(client)
    await client.query(`alter role ${escapeIdentifier(role)} password null`)
  } finally {
    await client.query('rollback')
  }
}

/** A role that may log in again, for ever, by this verifier. */
export const withVerifier = (verifier: string): string =>
  `login password ${escapeLiteral(verifier)} valid until 'infinity'`

/** A role that nothing lets in, whatever the server's pg_hba.conf says. */
export const withoutLogin = 'nologin password null'

/** Ends the sessions that bear this name, and waits until they are gone. Throws `rotation.target_unreachable` otherwise. */
export async function endSessionsNamed(client: Client, applicationName: string): Promise<void> {
  const { rows } = await client.query<{ ended: boolean }>(
    `select pg_terminate_backend(pid, 5000) as ended from pg_stat_activity
     where application_name = $1 and usename = current_user and pid <> pg_backend_pid()`,
    [applicationName],
  )
  if (rows.some(({ ended }) => !ended)) throw new AppError('rotation.target_unreachable')
}

/** Ends the sessions of a role, where the administrator may: what is refused from now on should not live on either. */
export async function endSessionsOf(client: Client, role: string): Promise<void> {
  try {
    await client.query('select pg_terminate_backend(pid) from pg_stat_activity where usename = $1', [role])
  } catch (error) {
    if (sqlState(error) !== insufficientPrivilege) throw error
  }
}

/** A relation on which `current` has a right that the session's own role hasn't; undefined when there is none. */
export async function findMissingRight(client: Client, current: string): Promise<string | undefined> {
  const { rows } = await client.query<{ relation: string; privilege: string }>(
    `select format('%I.%I', n.nspname, c.relname) as relation, p.privilege
     from pg_class c
     join pg_namespace n on n.oid = c.relnamespace
     cross join unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE']) as p(privilege)
     where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
       and has_schema_privilege($1::name, n.oid, 'USAGE') and has_table_privilege($1::name, c.oid, p.privilege)
       and not (has_schema_privilege(n.oid, 'USAGE') and has_table_privilege(c.oid, p.privilege))
     order by 1, 2 limit 1`,
    [current],
  )
  return rows[0] === undefined ? undefined : `${rows[0].privilege} on ${rows[0].relation}`
}
