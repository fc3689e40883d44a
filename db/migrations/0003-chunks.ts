// Chunks with their search index. Vectors live in one table per embedding model (db/documents/embedding-models.ts
// makes it), so that a change of model fills a new table beside the old one.
import type { Migration } from './migration.ts'

export const chunks: Migration = {
  name: '0003-chunks',
  async up({ sql }) {
    await sql(`
      create extension if not exists vector;
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
        column_type text not null check (column_type in ('vector', 'halfvec')),
        hnsw boolean not null,
        active boolean not null default false,
        created_at timestamptz not null default now()
      );
      create unique index embedding_models_active on embedding_models (active) where active;
    `)
  },
}
