#!/usr/bin/env bash
# Runs all tests: on SQLite, again on PostgreSQL, and in a browser. It installs
# what is missing where it may, says plainly what it skips where it may not,
# and skips nothing when CI=true.
set -euo pipefail
cd "$(dirname "$0")/.."

source scripts/postgres.sh

find_chromium() {
	command -v chromium >/dev/null || install chromium || true
	RAPPORT_TEST_CHROMIUM=$(command -v chromium || true)
	[ -n "$RAPPORT_TEST_CHROMIUM" ] || missing Chromium "install Debian's chromium"
	export RAPPORT_TEST_CHROMIUM
}

npm_tools() {
	command -v npm >/dev/null || install nodejs npm || true
	if command -v npm >/dev/null && npm --prefix assets install --no-save --no-audit --no-fund --loglevel=error >/dev/null 2>&1; then
		export RAPPORT_TEST_NODE_MODULES=$PWD/assets/node_modules
	else
		missing "the front-end tools" "npm --prefix assets install did not work"
	fi
}

step() { echo "== $*"; }

step "format and vet"
unformatted=$(git ls-files '*.go' | xargs gofmt -l)
[ -z "$unformatted" ] || { echo "run gofmt on: $unformatted" >&2; exit 1; }
go vet ./...

find_chromium
npm_tools
if [ -n "${RAPPORT_TEST_NODE_MODULES:-}" ]; then
	step "front end: types, and whether what is committed is what the sources make"
	make -s assets-check
fi

step "tests on SQLite, and in the browser"
go test -timeout 30m ${GOTESTFLAGS:-} ./...

RAPPORT_TEST_POSTGRES=${RAPPORT_TEST_POSTGRES:-}
[ -n "$RAPPORT_TEST_POSTGRES" ] || start_postgres
if [ -n "$RAPPORT_TEST_POSTGRES" ]; then
	step "the same tests on PostgreSQL"
	export RAPPORT_TEST_POSTGRES
	# Only packages whose tests open a database can differ.
	go list -f '{{.ImportPath}} {{join .TestImports " "}} {{join .XTestImports " "}}' ./... |
		awk '/rapport\/internal\/(db\/dbtest|web\/webtest|world)/ {print $1}' | xargs go test -timeout 30m ${GOTESTFLAGS:-}
fi

if [ ${#skipped[@]} -gt 0 ]; then
	echo
	echo "NOT TESTED on this machine:"
	printf '  %s\n' "${skipped[@]}"
fi
