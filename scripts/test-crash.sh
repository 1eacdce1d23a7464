#!/usr/bin/env bash
# The long crash runs: RAPPORT_CRASH_RUNS (100) of each network and step on
# SQLite, and as many on PostgreSQL.
set -euo pipefail
cd "$(dirname "$0")/.."
export RAPPORT_CRASH_RUNS=${RAPPORT_CRASH_RUNS:-100}
source scripts/postgres.sh
step() { echo "== $*"; }
step "$RAPPORT_CRASH_RUNS crash runs of each network and step on SQLite"
go test -count=1 -timeout=180m -v ./internal/publish/crash
start_postgres
step "$RAPPORT_CRASH_RUNS crash runs of each network and step on PostgreSQL"
RAPPORT_TEST_POSTGRES=$RAPPORT_TEST_POSTGRES go test -count=1 -timeout=180m -v ./internal/publish/crash
