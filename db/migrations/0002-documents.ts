// Collections with their members, and documents.
import type { Migration } from './migration.ts'

export const documents: Migration = {
  name: '0002-documents',
  async up({ sql }) {
    await sql(`
      create table collections (
        id uuid primary key,
        name text not null,
        description text not null default '',
        owner_id uuid not null references users (id),
        is_default boolean not null default false,
        version integer not null default 1,
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now()
      );
      create unique index collections_default on collections (owner_id) where is_default;
      create table collection_members (
        collection_id uuid not null references collections (id) on delete cascade,
        user_id uuid not null references users (id) on delete cascade,
        role text not null check (role in ('reader', 'editor', 'owner')),
        created_at timestamptz not null default now(),
        primary key (collection_id, user_id)
      );
      create index collection_members_user on collection_members (user_id, collection_id);
      create table documents (
        id uuid primary key,
        collection_id uuid not null references collections (id),
        owner_id uuid not null references users (id),
        title text not null,
        filename text not null,
        media_type text not null,
        size_bytes bigint not null,
        sha256 text not null,
        status text not null default 'queued'
          check (status in ('queued', 'parsing', 'chunking', 'embedding', 'indexed', 'failed')),
        progress_done integer not null default 0,
        progress_total integer not null default 0,
        problem jsonb,
        page_count integer,
        chunk_count integer,
        run integer not null default 1,
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now(),
        indexed_at timestamptz,
        unique (collection_id, sha256)
      );
      create index documents_collection on documents (collection_id, id desc);
      create index documents_unended on documents (updated_at) where status not in ('indexed', 'failed');
    `)
  },
}
