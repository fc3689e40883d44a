// The vault: keys that wrap (never the keys themselves), secrets, their versions and labels, and who read what.
// What must hold whoever writes is a constraint here: one current key, a label on one version, no text of a destroyed one.
import type { Migration } from './migration.ts'

const keysAndSecrets = `
  create table vault_keys (
    id text primary key,
    kcv text not null,
    current boolean not null default false,
    created_at timestamptz not null default now(),
    retired_at timestamptz,
    check (not current or retired_at is null)
  );
  create unique index vault_keys_current on vault_keys (current) where current;
  create table secrets (
    id uuid primary key,
    path text not null unique,
    description text not null default '',
    tags text[] not null default '{}',
    destinations text[] not null default '{}',
    max_versions integer not null,
    last_version integer not null default 0,
    managed boolean not null default false,
    created_by uuid references users (id),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    deleted_at timestamptz
  );
  create index secrets_prefix on secrets (path text_pattern_ops);
  create index secrets_tags on secrets using gin (tags);
  create index secrets_deleted on secrets (deleted_at) where deleted_at is not null;
`

const versionsAndReads = `
  create table secret_versions (
    secret_id uuid not null references secrets (id) on delete cascade,
    version integer not null,
    id uuid not null unique,
    state text not null default 'active' check (state in ('active', 'deleted', 'destroyed')),
    ciphertext bytea,
    wrapped_dek bytea,
    kek_id text references vault_keys (id),
    created_by uuid references users (id),
    created_at timestamptz not null default now(),
    deleted_at timestamptz,
    destroyed_at timestamptz,
    primary key (secret_id, version),
    check (case when state = 'destroyed' then num_nonnulls(ciphertext, wrapped_dek, kek_id) = 0
      else num_nulls(ciphertext, wrapped_dek, kek_id) = 0 end)
  );
  create index secret_versions_kek on secret_versions (kek_id, secret_id, version) where kek_id is not null;
  create table secret_labels (
    secret_id uuid not null,
    version integer not null,
    label text not null check (label in ('CURRENT', 'PENDING', 'PREVIOUS', 'ABANDONED')),
    primary key (secret_id, label, version),
    foreign key (secret_id, version) references secret_versions (secret_id, version) on delete cascade
  );
  create unique index secret_labels_unique on secret_labels (secret_id, label) where label <> 'ABANDONED';
  create table secret_access_log (
    id uuid primary key,
    secret_id uuid not null references secrets (id) on delete cascade,
    version integer not null,
    actor_type text not null check (actor_type in ('user', 'system')),
    actor_id text,
    purpose text not null,
    request_id text,
    workflow_id text,
    at timestamptz not null default now()
  );
  create index secret_access_log_secret on secret_access_log (secret_id, id desc);
`

export const vault: Migration = {
  name: '0008-vault',
  async up({ sql }) {
    await sql(keysAndSecrets)
    await sql(versionsAndReads)
  },
}
