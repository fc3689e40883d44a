#!/bin/bash
# Runs once, when the volume is empty: the roles and databases. Nobody but this script connects as the superuser.
# cdsa_owner owns the schema and runs the migrations, cdsa_app reads and writes rows, temporal has databases of its own.
set -euo pipefail

: "${CDSA_OWNER_PASSWORD:?}" "${CDSA_APP_PASSWORD:?}" "${TEMPORAL_DB_PASSWORD:?}"

# psql's variables quote the passwords, and reads them from the environment: arguments are for everyone to see.
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\getenv owner CDSA_OWNER_PASSWORD
\getenv app CDSA_APP_PASSWORD
\getenv temporal TEMPORAL_DB_PASSWORD
create role cdsa_owner login password :'owner';
create role cdsa_app login password :'app';
create role temporal login password :'temporal';
create database cdsa owner cdsa_owner;
create database temporal owner temporal;
create database temporal_visibility owner temporal;
revoke connect on database cdsa, temporal, temporal_visibility from public;
grant connect on database cdsa to cdsa_app;
SQL

# Only a superuser may create the extension where it isn't marked as trusted.
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname cdsa <<'SQL'
create extension vector;
revoke create on schema public from public;
alter schema public owner to cdsa_owner;
SQL
