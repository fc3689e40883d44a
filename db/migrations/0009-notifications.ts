// Notifications, and what numbers each recipient's own. A number is taken under a row lock that lasts to the commit, so
// one recipient's notifications become visible in the order of their numbers: a reader may resume by the last it saw.
import type { Migration } from './migration.ts'

export const notifications: Migration = {
  name: '0009-notifications',
  async up({ sql }) {
    await sql(`
      create table notification_sequences (
        user_id uuid primary key references users (id) on delete cascade,
        last integer not null
      );
      create table notifications (
        id uuid primary key,
        user_id uuid not null references users (id) on delete cascade,
        sequence integer not null,
        kind text not null,
        title text not null,
        body text not null,
        data jsonb not null default '{}',
        dedupe_key text not null,
        read_at timestamptz,
        created_at timestamptz not null default clock_timestamp(),
        unique (user_id, sequence),
        unique (user_id, dedupe_key)
      );
      create index notifications_unread on notifications (user_id, sequence desc) where read_at is null;
      create index notifications_read_at on notifications (read_at) where read_at is not null;
      create index notifications_unread_created on notifications (created_at) where read_at is null;
    `)
  },
}
