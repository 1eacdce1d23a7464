#!/usr/bin/env bash
# Measures speed and compares it with what docs/performance.md promises. Names
# of measurements as arguments take only those: scripts/bench.sh lone burst
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -trimpath -ldflags "-s -w" -o "$work/rapport" ./cmd/rapport
go build -o "$work/bench" ./internal/bench
go build -o "$work/limit" ./bench/limit
# The communities take long to make: RAPPORT_BENCH_KEEP names a folder for them.
keep=${RAPPORT_BENCH_KEEP:-$work}
"$work/bench" -limit "$work/limit" -community "$keep/community" -community10 "$keep/community10" -binary "$work/rapport" -chromium "$(command -v chromium || true)" -only "$(IFS=,; echo "$*")"
