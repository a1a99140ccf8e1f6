#!/bin/sh
# Secrets are files: podrec reads its own by PODREC_SECRETS_DIR; Dagster knows only variables, so its password becomes one here,
# in this process and its children alone.
set -eu
password=${PODREC_SECRETS_DIR:-/run/secrets}/dagster_postgres_password
if [ -r "$password" ]; then
  DAGSTER_POSTGRES_PASSWORD=$(cat "$password")
  export DAGSTER_POSTGRES_PASSWORD
fi
exec "$@"
