// Users, roles, permissions, sessions, and the keys that sign access tokens.
import type { Migration } from './migration.ts'

export const auth: Migration = {
  name: '0001-auth',
  async up({ sql }) {
    await sql(`
      create table users (
        id uuid primary key,
        email text not null,
        display_name text not null,
        password_hash text not null,
        pepper_id text not null,
        disabled_at timestamptz,
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now()
      );
      create unique index users_email on users (lower(email));
      create table roles (
        id uuid primary key,
        name text not null unique,
        description text not null,
        builtin boolean not null default false,
        created_at timestamptz not null default now()
      );
      create table permissions (name text primary key, description text not null);
      create table role_permissions (
        role_id uuid not null references roles (id) on delete cascade,
        permission text not null references permissions (name) on delete cascade,
        primary key (role_id, permission)
      );
      create table user_roles (
        user_id uuid not null references users (id) on delete cascade,
        role_id uuid not null references roles (id) on delete cascade,
        primary key (user_id, role_id)
      );
      create index user_roles_role on user_roles (role_id);
      create table sessions (
        id uuid primary key,
        user_id uuid not null references users (id) on delete cascade,
        ip text,
        user_agent text,
        created_at timestamptz not null default now(),
        expires_at timestamptz not null,
        revoked_at timestamptz
      );
      create index sessions_user on sessions (user_id, created_at desc);
      create table signing_keys (
        id text primary key,
        algorithm text not null,
        public_key text not null,
        wrapped_private_key bytea not null,
        platform_key_id text not null,
        created_at timestamptz not null default now(),
        retired_at timestamptz
      );
    `)
  },
}
