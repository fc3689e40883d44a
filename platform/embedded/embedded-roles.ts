// The two roles of the embedded database and what keeps them apart. The session begins as superuser, and Postgres lets
// such a session change its user for good, so every way to say SET SESSION AUTHORIZATION but the plain statement (which
// the multiplexer refuses) is closed here: procedural languages, and set_config() with the view that calls it.

/** Start-up users: the owner migrates, the application reads and writes rows. Neither is a superuser. */
export const embeddedRoles = ['cdsa_owner', 'cdsa_app'] as const
export type EmbeddedRole = (typeof embeddedRoles)[number]
export const [ownerRole, applicationRole] = embeddedRoles

/** Run as superuser at every start; each statement may be repeated. */
export const rolesSql = `
  do $$
  begin
    if to_regrole('cdsa_owner') is null then create role cdsa_owner login createrole; end if;
    if to_regrole('cdsa_app') is null then create role cdsa_app login; end if;
  end $$;
  grant create on database postgres to cdsa_owner;
  alter schema public owner to cdsa_owner;
  create extension if not exists vector;
  alter extension vector update;

  -- A temporary table would be everyone's: there is one session.
  revoke temporary on database postgres from public;
  revoke usage on language plpgsql, sql from public;
  grant usage on language plpgsql, sql to cdsa_owner;

  create schema if not exists embedded;
  grant usage on schema embedded to public;
  create or replace function embedded.refuse(reason text) returns void language plpgsql as $$
  begin
    raise exception '%', reason using errcode = 'feature_not_supported';
  end $$;

  -- Inside a SECURITY DEFINER function Postgres itself refuses to set the role and the session's user. Its owner has no
  -- privileges, or the application could set what is reserved for superusers. No SET clause: it would undo some settings.
  do $$
  begin
    if to_regprocedure('pg_catalog.set_config_unguarded(text, text, boolean)') is null then
      alter function pg_catalog.set_config(text, text, boolean) rename to set_config_unguarded;
    end if;
    if to_regrole('cdsa_settings') is null then create role cdsa_settings nologin; end if;
  end $$;
  revoke execute on function pg_catalog.set_config_unguarded(text, text, boolean) from public;
  grant execute on function pg_catalog.set_config_unguarded(text, text, boolean) to cdsa_settings;
  create or replace function pg_catalog.set_config(setting_name text, new_value text, is_local boolean)
    returns text language plpgsql volatile security definer as $$
  begin
    if is_local is not true then
      perform embedded.refuse('Sessions are shared on the embedded database: set is_local');
    end if;
    if pg_catalog.lower(setting_name) in ('client_encoding', 'standard_conforming_strings') then
      perform embedded.refuse('The session’s encoding and string syntax are fixed on the embedded database');
    end if;
    return pg_catalog.set_config_unguarded(setting_name, new_value, true);
  end $$;
  alter function pg_catalog.set_config(text, text, boolean) owner to cdsa_settings;
`
