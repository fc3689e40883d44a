// Tools, their runs and what is kept of them. A version of a tool never changes: what somebody approved must be what runs.
import type { Migration } from './migration.ts'

const registry = `
  create table approval_policies (
    id uuid primary key,
    match text[] not null,
    approver_roles text[] not null,
    quorum integer not null check (quorum >= 1),
    timeout_seconds integer not null check (timeout_seconds >= 1),
    escalation jsonb not null default '[]',
    allow_edit boolean not null default false,
    exempt boolean not null default false,
    version integer not null default 1,
    created_by uuid references users (id),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
  );
  create table tools (
    id uuid primary key,
    name text not null,
    kind text not null check (kind in ('builtin', 'http', 'openapi', 'mcp')),
    owner_id uuid references users (id),
    version integer not null default 1,
    enabled boolean not null default true,
    policy_id uuid references approval_policies (id),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    deleted_at timestamptz
  );
  create unique index tools_name on tools (name) where deleted_at is null;
  create index tools_listed on tools (id desc) where deleted_at is null;
  create index tools_policy on tools (policy_id) where policy_id is not null;
  create table tool_versions (
    id uuid primary key,
    tool_id uuid not null references tools (id),
    version integer not null,
    description text not null,
    input_schema jsonb not null,
    config jsonb not null,
    secret_refs text[] not null default '{}',
    requires_approval boolean not null,
    cache_ttl_seconds integer not null check (cache_ttl_seconds >= 0),
    side_effects boolean not null,
    created_by uuid references users (id),
    created_at timestamptz not null default now(),
    unique (tool_id, version)
  );
`

const runs = `
  create table tool_executions (
    id uuid primary key,
    tool_id uuid not null references tools (id),
    tool_version_id uuid not null references tool_versions (id),
    requester_id uuid not null references users (id),
    turn_id uuid references turns (id) on delete set null,
    call_id text,
    step integer,
    arguments jsonb not null,
    no_cache boolean not null default false,
    status text not null default 'queued' check (status in
      ('queued', 'pending_approval', 'approved', 'denied', 'expired', 'running', 'succeeded', 'failed', 'cancelled')),
    approval_id uuid,
    result jsonb,
    problem jsonb,
    cached boolean not null default false,
    revision integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    started_at timestamptz,
    ended_at timestamptz,
    check ((ended_at is not null) = (status in ('denied', 'expired', 'succeeded', 'failed', 'cancelled'))),
    unique (turn_id, call_id)
  );
  create index tool_executions_requester on tool_executions (requester_id, id desc);
  create index tool_executions_tool on tool_executions (tool_id, created_at desc);
  create index tool_executions_requested on tool_executions (requester_id, created_at);
  create index tool_executions_created on tool_executions (created_at);
  create index tool_executions_unended on tool_executions (updated_at) where ended_at is null;
  create table tool_results (
    key text primary key,
    tool_version_id uuid not null references tool_versions (id),
    result jsonb not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null
  );
  create index tool_results_expired on tool_results (expires_at);
  create function count_revision() returns trigger language plpgsql as $$
    begin new.revision := old.revision + 1; return new; end $$;
  create trigger tool_executions_revised before update on tool_executions
    for each row execute function count_revision();
  create function refuse_change() returns trigger language plpgsql as $$
    begin raise exception '% is never changed', tg_table_name; end $$;
  create trigger tool_versions_immutable before update or delete on tool_versions
    for each row execute function refuse_change();
`

export const tools: Migration = {
  name: '0011-tools',
  async up({ sql }) {
    await sql(registry)
    await sql(runs)
  },
}
