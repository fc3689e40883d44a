// The audit log. Rows of the log, its leaves, its tree and its checkpoints are only ever added: triggers refuse the rest for
// everybody but a superuser, and the application's role hasn't the privilege either. Personal values lie apart: erasable.
import type { Migration } from './migration.ts'

/** Statement triggers aren't inherited by partitions: every table of the log gets its own. */
const appendOnly = [
  'audit_events',
  'audit_events_default',
  'audit_leaves',
  'audit_tree',
  'audit_origins',
  'audit_roots',
]

const functions = `
  create function audit_refuse_change() returns trigger language plpgsql as $$
  begin
    raise exception 'The audit log is append-only: % of % is refused', lower(tg_op), tg_table_name
      using errcode = 'insufficient_privilege';
  end $$;
  create function audit_set_xid() returns trigger language plpgsql as $$
  begin
    new.xid := pg_catalog.pg_current_xact_id();
    return new;
  end $$;
`

const log = `
  create table audit_events (
    id uuid not null,
    at timestamptz not null,
    leaf text not null,
    action text not null,
    outcome text not null,
    actor_id text,
    resource_type text not null,
    resource_id text,
    xid xid8 not null default pg_current_xact_id(),
    primary key (id, at)
  ) partition by range (at);
  create index audit_events_xid on audit_events (xid, id);
  create index audit_events_actor on audit_events (actor_id, id desc) where actor_id is not null;
  create index audit_events_resource on audit_events (resource_id, id desc) where resource_id is not null;
  create index audit_events_action on audit_events (action, id desc);
  create index audit_events_unsuccessful on audit_events (outcome, id desc) where outcome <> 'success';
  create trigger audit_events_xid before insert on audit_events for each row execute function audit_set_xid();
  create table audit_events_default partition of audit_events default;

  create table audit_personal (
    event_id uuid not null,
    name text not null,
    subject_id uuid,
    salt bytea not null,
    value text not null,
    primary key (event_id, name)
  );
  create index audit_personal_subject on audit_personal (subject_id) where subject_id is not null;
`

const seal = `
  create table audit_leaves (
    leaf_index bigint primary key,
    event_id uuid not null unique,
    at timestamptz not null,
    leaf_hash bytea not null,
    xid xid8 not null
  );
  -- A full tile: 256 hashes of complete subtrees of 256^level leaves each, and the hash of the whole.
  create table audit_tree (
    level smallint not null,
    tile bigint not null,
    hashes bytea not null,
    root bytea not null,
    primary key (level, tile)
  );
  alter table audit_tree alter column hashes set storage external;
  -- A database that was restored goes on under a new name, because its past may differ from what was signed.
  create table audit_origins (
    number integer primary key,
    origin text not null unique,
    system_identifier text not null,
    generation integer not null,
    first_size bigint not null,
    at timestamptz not null default now()
  );
  -- xid_to: every transaction below it is sealed; null while rows from before the origin are still being taken in.
  create table audit_roots (
    origin_number integer not null references audit_origins (number),
    size bigint not null,
    root bytea not null,
    xid_to xid8,
    at timestamptz not null default now(),
    primary key (origin_number, size)
  );
  create table audit_checkpoints (
    id uuid primary key,
    origin text not null,
    size bigint not null,
    root bytea not null,
    note text not null,
    at timestamptz not null default now(),
    unique (size, origin)
  );
`

/** With the caller's privileges. One call is quicker than its two statements sent each time: their plans are kept. */
const append = `
  create function audit_append(
    event_id uuid, at timestamptz, leaf text, action text, outcome text, actor_id text, resource_type text,
    resource_id text, names text[], texts text[], salts text[], subjects uuid[]
  ) returns uuid language plpgsql as $$
  begin
    insert into audit_events (id, at, leaf, action, outcome, actor_id, resource_type, resource_id)
    values ($1, $2, $3, $4, $5, $6, $7, $8);
    if cardinality($9) > 0 then
      insert into audit_personal (event_id, name, value, salt, subject_id)
      select $1, given.name, given.value, decode(given.salt, 'base64'), given.subject_id
      from unnest($9, $10, $11, $12) as given (name, value, salt, subject_id);
    end if;
    return $1;
  end $$;
`

export const audit: Migration = {
  name: '0007-audit',
  async up({ sql }) {
    await sql(functions + log + append + seal)
    for (const table of [...appendOnly, 'audit_checkpoints']) {
      await sql(`create trigger ${table}_append_only before update or delete or truncate on ${table}
        for each statement execute function audit_refuse_change()`)
    }
  },
}
