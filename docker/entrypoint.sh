#!/bin/sh
# Exports the Postgres password, because Dagster reads only variables. Only this process and its children see it.
# podrec reads its own secrets from the files in PODREC_SECRETS_DIR.
set -eu
password=${PODREC_SECRETS_DIR:-/run/secrets}/dagster_postgres_password
if [ -r "$password" ]; then
  DAGSTER_POSTGRES_PASSWORD=$(cat "$password")
  export DAGSTER_POSTGRES_PASSWORD
fi
exec "$@"
