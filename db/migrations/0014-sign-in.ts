// What sign-in keeps beside accounts and sessions: refresh tokens, second factors, API keys, links that set a password, and
// identities of other providers. Of everything that grants something only a hash, or a sealed form, is stored.
import type { Migration } from './migration.ts'

const keysAndIdentities = `
  create table api_keys (
    id uuid primary key,
    user_id uuid not null references users (id) on delete cascade,
    name text not null,
    secret_hash bytea not null,
    scopes text[] not null,
    -- Who made it for an account with the role of a service, whose keys may do what their scopes name.
    granted_by uuid references users (id) on delete set null,
    is_grant boolean not null default false,
    created_at timestamptz not null default now(),
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz
  );
  create index api_keys_user on api_keys (user_id, id desc);
  create table oidc_identities (
    issuer text not null,
    subject text not null,
    user_id uuid not null references users (id) on delete cascade,
    created_at timestamptz not null default now(),
    last_used_at timestamptz not null default now(),
    primary key (issuer, subject)
  );
  create index oidc_identities_user on oidc_identities (user_id);
`

export const signIn: Migration = {
  name: '0014-sign-in',
  async up({ sql }) {
    await sql(`
      -- An account without a password signs in by another way, or sets one by a link.
      alter table users alter column password_hash drop not null, alter column pepper_id drop not null,
        add constraint users_password check ((password_hash is null) = (pepper_id is null)),
        add column email_verified_at timestamptz;
      alter table sessions add column last_seen_at timestamptz not null default now(),
        add column method text not null default 'password';
      drop index sessions_user;
      create index sessions_user on sessions (user_id, id desc);
      create index sessions_over on sessions (least(expires_at, revoked_at));
      create table refresh_tokens (
        token_hash bytea primary key,
        session_id uuid not null references sessions (id) on delete cascade,
        created_at timestamptz not null default now(),
        consumed_at timestamptz,
        -- Of the token that followed, and the platform key that it was derived with.
        successor_hash bytea,
        successor_key_id text,
        check ((consumed_at is null) = (successor_hash is null and successor_key_id is null))
      );
      create index refresh_tokens_session on refresh_tokens (session_id);
      create table password_links (
        id uuid primary key,
        user_id uuid not null references users (id) on delete cascade,
        purpose text not null check (purpose in ('reset', 'invite')),
        token_hash bytea not null unique,
        platform_key_id text not null,
        created_at timestamptz not null default now(),
        expires_at timestamptz not null,
        mailed_at timestamptz,
        used_at timestamptz
      );
      create index password_links_user on password_links (user_id);
      create index password_links_unsent on password_links (created_at) where mailed_at is null and used_at is null;
      create table totp_factors (
        user_id uuid primary key references users (id) on delete cascade,
        sealed_secret bytea not null,
        platform_key_id text not null,
        created_at timestamptz not null default now(),
        confirmed_at timestamptz,
        -- The last time step whose code was taken: none counts twice.
        last_step bigint not null default 0
      );
      create table recovery_codes (
        user_id uuid not null references users (id) on delete cascade,
        code_hash bytea not null,
        used_at timestamptz,
        primary key (user_id, code_hash)
      );
    `)
    await sql(keysAndIdentities)
  },
}
