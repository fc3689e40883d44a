// Rotation: what a secret's policy says, and one row a rotation. A rotation keeps a copy of the policy that it began with.
// That a secret has one open rotation at most is a constraint here, because two of them could lock each other's value out.
import type { Migration } from './migration.ts'

export const rotation: Migration = {
  name: '0010-rotation',
  async up({ sql }) {
    await sql(`
      create table rotation_policies (
        secret_id uuid primary key references secrets (id) on delete cascade,
        rotator text not null,
        config jsonb not null,
        every_seconds integer not null,
        grace_seconds integer not null,
        anchored_at timestamptz not null default now(),
        paused_at timestamptz,
        updated_by uuid references users (id),
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now(),
        check (every_seconds >= 1 and grace_seconds >= 0 and grace_seconds < every_seconds)
      );
      create table secret_rotations (
        id uuid primary key,
        secret_id uuid not null references secrets (id) on delete cascade,
        rotator text not null,
        config jsonb not null,
        grace_seconds integer not null,
        trigger text not null check (trigger in ('manual', 'schedule')),
        requested_by uuid references users (id),
        state text not null default 'preflight' check (state in
          ('preflight', 'pending', 'set', 'tested', 'grace', 'completed', 'rolled_back', 'failed', 'in_doubt')),
        from_version integer,
        to_version integer,
        sent boolean not null default false,
        may_write boolean not null default true,
        problem jsonb,
        started_at timestamptz not null default now(),
        updated_at timestamptz not null default now(),
        finished_at timestamptz,
        grace_until timestamptz,
        ended_at timestamptz,
        check ((ended_at is not null) = (state in ('completed', 'rolled_back', 'failed')))
      );
      create unique index secret_rotations_open on secret_rotations (secret_id) where ended_at is null;
      create index secret_rotations_secret on secret_rotations (secret_id, id desc);
      create index secret_rotations_stalled on secret_rotations (updated_at) where ended_at is null;
    `)
  },
}
