#!/bin/sh
# Starts the genuine ClearML Server by Docker Compose and waits until it is healthy. Without Docker it starts the
# embedded server instead and says so.
set -eu
cd "$(dirname "$0")"
if ! docker compose version >/dev/null 2>&1 || ! docker info >/dev/null 2>&1; then
    echo "no Docker engine here: starting the embedded server instead" >&2
    exec ../.venv/bin/clearml-automl server start
fi
# Secrets are made on first use and kept outside the repository, readable by this user only.
home=${AUTOML_HOME:-$HOME/.clearml-automl}
secrets=$home/genuine-server.env
if [ ! -e "$secrets" ]; then
    mkdir -p "$home"
    umask 077
    for name in ELASTIC_PASSWORD REDIS_PASSWORD CLEARML_TOKEN_SECRET; do
        echo "$name=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')"
    done >"$secrets.new"
    mv "$secrets.new" "$secrets"
fi
docker compose --env-file "$secrets" up --detach --wait
cat <<TEXT
The ClearML Server is up: http://localhost:8080
Create a key pair there (Settings > Workspace > Create new credentials), then:
  export CLEARML_API_HOST=http://localhost:8008 CLEARML_WEB_HOST=http://localhost:8080 CLEARML_FILES_HOST=http://localhost:8081
  export CLEARML_API_ACCESS_KEY=... CLEARML_API_SECRET_KEY=...
  make run
Stop it by: docker compose -f clearml/docker-compose.yml --env-file $secrets down
TEXT
