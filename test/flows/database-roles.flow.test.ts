// The running platform's own connection to its database can use rows and nothing more: whoever took over the
// application couldn't change a table, empty one, or become its owner.
import { expect } from 'chai'
import { Client } from 'pg'
import { applicationDatabaseUrl } from '../support/platform-database.ts'
import { rejection } from '../support/rejection.ts'
import { sharedPlatform } from '../support/shared-platform.ts'

const denied = [
  'create table mine (id int)',
  'create schema mine',
  'create view mine as select 1 as x',
  'create index mine on turns (created_at)',
  'alter extension vector update',
  'create role mine',
  'create database mine',
  'create function mine() returns int language sql as $$ select 1 $$',
  'create trigger mine before update on turns execute function suppress_redundant_updates_trigger()',
  'create policy mine on turns using (true)',
  'alter table turns add column mine int',
  'alter table turns disable trigger all',
  'alter table turns disable row level security',
  'alter table turns owner to current_user',
  'alter table schema_migrations owner to current_user',
  'alter schema public owner to current_user',
  'alter role current_user superuser',
  'alter role current_user createrole',
  `alter role cdsa_owner password 'x'`,
  `alter system set log_statement = 'all'`,
  'alter default privileges for role cdsa_owner grant all on tables to public',
  'truncate messages',
  'truncate turns, messages, chats cascade',
  'drop table messages',
  'drop table schema_migrations',
  'drop owned by cdsa_owner',
  'drop schema public cascade',
  'drop extension vector cascade',
  'reassign owned by cdsa_owner to current_user',
  'grant cdsa_owner to current_user',
  'set role cdsa_owner',
  'set local role cdsa_owner',
  'set session authorization cdsa_owner',
  `select set_config('role', 'cdsa_owner', true)`,
  `select set_config('session_authorization', 'cdsa_owner', true)`,
  `select pg_read_file('/etc/passwd')`,
  `select lo_import('/etc/passwd')`,
  `insert into schema_migrations (name) values ('9999-mine')`,
  'delete from schema_migrations',
  'do $$ begin drop table messages; end $$',
]
/** What Postgres says, and what the embedded database's multiplexer says of statements that it doesn't offer. */
const refusals =
  /permission denied|must be (owner|superuser)|must have|only roles with|cannot set parameter|embedded database|is not permitted/i

describe('the application’s database role', function () {
  this.timeout(180_000)
  let client: Client
  const query = async (sql: string): Promise<unknown[]> => (await client.query(sql)).rows

  before(async () => {
    const { dataDir } = await sharedPlatform()
    client = new Client({ connectionString: applicationDatabaseUrl(process.env, dataDir) })
    await client.connect()
  })
  after(() => client?.end())

  it('reads and writes rows, owns nothing and is nothing special', async () => {
    expect(await query('select count(*)::int > 0 as found from users')).to.deep.equal([{ found: true }])
    const role = await query(
      `select rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls from pg_roles where rolname = current_user`,
    )
    const none = { rolsuper: false, rolcreaterole: false, rolcreatedb: false, rolreplication: false }
    expect(role).to.deep.equal([{ ...none, rolbypassrls: false }])
    const owned = `select relname from pg_class where relowner = (select oid from pg_roles where rolname = current_user)`
    expect(await query(owned)).to.deep.equal([])
    const memberships = `select roleid from pg_auth_members where member = (select oid from pg_roles where rolname = current_user)`
    expect(await query(memberships)).to.deep.equal([])
  })

  for (const sql of denied) {
    it(`can’t ${sql}`, async () => {
      const error = await rejection(query(sql))
      expect(error.message).to.match(refusals)
    })
  }

  it('can’t pass on what it may do itself, let alone more', async () => {
    // Postgres warns of a grant without the right to it, and grants nothing.
    await query('grant truncate, trigger, select on messages to public').catch(() => undefined)
    const granted = `select has_table_privilege('public', 'messages', 'truncate, trigger, select') as any`
    expect(await query(granted)).to.deep.equal([{ any: false }])
  })

  it('has changed nothing by trying', async () => {
    const owners = `select distinct tableowner = current_user as own from pg_tables where schemaname = 'public'`
    expect(await query(owners)).to.deep.equal([{ own: false }])
    expect(await query('select count(*)::int > 0 as found from schema_migrations')).to.deep.equal([{ found: true }])
  })
})
