// The approvals that some runs wait for, and what was decided. A decision is never changed: it is what a run was allowed by.
import type { Migration } from './migration.ts'

const waiting = `
  create table approvals (
    id uuid primary key,
    execution_id uuid not null unique references tool_executions (id),
    requester_id uuid not null references users (id),
    tool_name text not null,
    policy_id uuid references approval_policies (id) on delete set null,
    policy_version integer not null,
    approver_roles text[] not null,
    quorum integer not null,
    escalation jsonb not null,
    allow_edit boolean not null,
    tier integer not null default 0,
    revision integer not null default 1,
    arguments jsonb not null,
    arguments_hash text not null,
    preview jsonb not null,
    status text not null default 'pending' check (status in ('pending', 'approved', 'denied', 'expired', 'cancelled')),
    created_at timestamptz not null default now(),
    opened_at timestamptz not null default now(),
    expires_at timestamptz not null,
    decided_at timestamptz,
    check ((decided_at is not null) = (status <> 'pending'))
  );
  create index approvals_pending on approvals (id desc) where status = 'pending';
  create index approvals_requester on approvals (requester_id, id desc);
  alter table tool_executions add foreign key (approval_id) references approvals (id);
`

const deciding = `
  create table approval_edits (
    id uuid primary key,
    approval_id uuid not null references approvals (id),
    user_id uuid not null references users (id),
    arguments jsonb not null,
    created_at timestamptz not null default now()
  );
  create table approval_decisions (
    id uuid primary key,
    approval_id uuid not null references approvals (id),
    revision integer not null,
    user_id uuid not null references users (id),
    stands_for uuid references users (id),
    decision text not null check (decision in ('approve', 'deny')),
    reason text,
    arguments_hash text not null,
    token_id uuid not null unique,
    at timestamptz not null default now(),
    unique (approval_id, revision, user_id)
  );
  create table approval_delegations (
    approval_id uuid not null references approvals (id),
    from_user_id uuid not null references users (id),
    to_user_id uuid not null references users (id),
    token_id uuid primary key,
    at timestamptz not null default now()
  );
  create index approval_delegations_approval on approval_delegations (approval_id, from_user_id, at desc);
  create index approval_delegations_delegate on approval_delegations (to_user_id);
  create index approval_decisions_user on approval_decisions (user_id);
  create trigger approval_delegations_immutable before update or delete on approval_delegations
    for each row execute function refuse_change();
  create trigger approval_edits_immutable before update or delete on approval_edits
    for each row execute function refuse_change();
  create trigger approval_decisions_immutable before update or delete on approval_decisions
    for each row execute function refuse_change();
`

export const approvals: Migration = {
  name: '0012-approvals',
  async up({ sql }) {
    await sql(waiting)
    await sql(deciding)
  },
}
