// Chats, their messages (a tree: regenerated answers are siblings) and turns.
import type { Migration } from './migration.ts'

export const chat: Migration = {
  name: '0004-chat',
  async up({ sql }) {
    await sql(`
      create table chats (
        id uuid primary key,
        owner_id uuid not null references users (id),
        title text,
        model text,
        system_prompt text,
        temperature double precision,
        tool_ids uuid[] not null default '{}',
        collection_ids uuid[] not null default '{}',
        document_ids uuid[] not null default '{}',
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now()
      );
      create index chats_owner on chats (owner_id, id desc);
      create table turns (
        id uuid primary key,
        chat_id uuid not null references chats (id) on delete cascade,
        user_message_id uuid not null,
        attachment_ids uuid[] not null default '{}',
        model text not null,
        status text not null default 'queued'
          check (status in ('queued', 'running', 'waiting_approval', 'completed', 'failed', 'cancelled')),
        usage jsonb,
        problem jsonb,
        created_at timestamptz not null default now(),
        started_at timestamptz,
        ended_at timestamptz
      );
      create index turns_chat on turns (chat_id, id desc);
      create index turns_queued on turns (created_at) where status = 'queued';
      create index turns_running on turns (started_at) where status = 'running';
      create table messages (
        id uuid primary key,
        chat_id uuid not null references chats (id) on delete cascade,
        turn_id uuid not null,
        step integer not null default 0,
        role text not null check (role in ('user', 'assistant', 'tool')),
        content text not null,
        citations jsonb not null default '[]',
        tool_calls jsonb not null default '[]',
        model text,
        usage jsonb,
        parent_message_id uuid,
        created_at timestamptz not null default now(),
        unique (turn_id, step, role)
      );
      create index messages_chat on messages (chat_id, id desc);
    `)
  },
}
