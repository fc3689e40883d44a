// Collections with members, documents, and chunks with their search index. Vectors live in one table per embedding
// model (db/documents/embedding-models.ts makes it), so that a change of model fills a new table beside the old one.
import type { Migration } from './migration.ts'

export const documents: Migration = {
  name: '0002-documents',
  async up({ sql }) {
    await sql(`
      create extension if not exists vector;
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
      create index documents_queued on documents (created_at) where status = 'queued';
      create table chunks (
        id uuid primary key,
        document_id uuid not null references documents (id) on delete cascade,
        collection_id uuid not null,
        ordinal integer not null,
        text text not null,
        heading_path text[] not null default '{}',
        token_count integer not null,
        spans jsonb not null,
        tsv tsvector not null,
        unique (document_id, ordinal)
      );
      create index chunks_tsv on chunks using gin (tsv);
      create index chunks_collection on chunks (collection_id);
      create table lexeme_statistics (lexeme text primary key, chunk_count integer not null);
      create table embedding_models (
        id smallint generated always as identity primary key,
        name text not null unique,
        dimensions integer not null,
        table_name text not null unique,
        active boolean not null default false,
        created_at timestamptz not null default now()
      );
      create unique index embedding_models_active on embedding_models (active) where active;
    `)
  },
}
