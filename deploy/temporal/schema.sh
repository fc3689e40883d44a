#!/bin/sh
# Brings Temporal's two databases to the schema of the server's release; what is there already is left as it is.
set -eu

: "${SQL_PASSWORD:?}"

for database in temporal temporal_visibility; do
  case $database in
    temporal) folder=temporal ;;
    *) folder=visibility ;;
  esac
  tool() {
    temporal-sql-tool --plugin postgres12 --ep postgres -p 5432 -u temporal --db "$database" "$@"
  }
  # Setting up drops nothing, but it fails where version tables exist: then only the update is wanted.
  tool setup-schema -v 0.0 || echo "$database has a schema already"
  tool update-schema -d "/etc/temporal/schema/postgresql/v12/$folder/versioned"
done
