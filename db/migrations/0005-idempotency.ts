// Idempotency keys: a claim reserves the id of the resource to be made, so that a retry after a crash makes the same one.
import type { Migration } from './migration.ts'

export const idempotency: Migration = {
  name: '0005-idempotency',
  async up({ sql }) {
    await sql(`
      create table idempotency_keys (
        principal text not null,
        route text not null,
        key text not null,
        fingerprint bytea not null,
        resource_id uuid not null,
        locked_until timestamptz,
        response_status integer,
        response_body jsonb,
        created_at timestamptz not null default now(),
        primary key (principal, route, key)
      );
      create index idempotency_keys_created on idempotency_keys (created_at);
    `)
  },
}
