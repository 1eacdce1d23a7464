#!/usr/bin/env bash
# Builds the front end again and fails if the committed output differs.
set -euo pipefail
cd "$(dirname "$0")/.."
before=$(mktemp -d)
trap 'rm -rf "$before"' EXIT
outputs() { find internal/web -name '*_templ.go' -o -path 'internal/web/static/dist/*' -type f; }
outputs | tar cf "$before/all.tar" -T -
mkdir "$before/tree"
tar xf "$before/all.tar" -C "$before/tree"
make -s assets-build >/dev/null
status=0
outputs | while read -r f; do cmp -s "$f" "$before/tree/$f" || { echo "stale: $f"; exit 1; }; done || status=1
[ $status = 0 ] || { echo "run 'make assets' and commit what it changes" >&2; exit 1; }
