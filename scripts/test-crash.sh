#!/usr/bin/env bash
# The long crash runs: RAPPORT_CRASH_RUNS (1,000) on SQLite, and as many on
# PostgreSQL.
set -euo pipefail
cd "$(dirname "$0")/.."
export RAPPORT_CRASH_RUNS=${RAPPORT_CRASH_RUNS:-1000}
source scripts/postgres.sh
step() { echo "== $*"; }
step "$RAPPORT_CRASH_RUNS crash runs on SQLite"
go test -count=1 -timeout=180m -v ./internal/publish/crash
start_postgres
step "$RAPPORT_CRASH_RUNS crash runs on PostgreSQL"
RAPPORT_TEST_POSTGRES=$RAPPORT_TEST_POSTGRES go test -count=1 -timeout=180m -v ./internal/publish/crash
