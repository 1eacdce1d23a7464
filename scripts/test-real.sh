#!/usr/bin/env bash
# Runs against what others wrote: media on versitygw, certificates from Pebble,
# a whole Bluesky network from npm, started on
# this machine with a PostgreSQL and a Redis of its own, and any Mastodon
# server named by RAPPORT_REAL_MASTODON_URL, RAPPORT_REAL_MASTODON_TOKEN and,
# for the fan, RAPPORT_REAL_MASTODON_FAN_TOKEN. It installs what is missing
# where it may, and says plainly what it did not run.
set -euo pipefail
cd "$(dirname "$0")/.."

source scripts/postgres.sh
step() { echo "== $*"; }

dev_env=0.3.215
folder=$PWD/.testenv/bluesky

# The network comes with a database driver that is compiled here, which takes
# minutes the first time.
install_network() {
	command -v npm >/dev/null || install nodejs npm || true
	command -v npm >/dev/null || { missing npm "install Node.js 20 or later"; return 1; }
	if [ "$(cat "$folder/version" 2>/dev/null)" = "$dev_env" ]; then return; fi
	step "installing @atproto/dev-env $dev_env; the first time takes minutes"
	mkdir -p "$folder"
	echo '{"private":true}' >"$folder/package.json"
	if npm --prefix "$folder" install --no-audit --no-fund --loglevel=error "@atproto/dev-env@$dev_env" >"$folder/install.log" 2>&1 &&
		{ [ -n "$(find "$folder/node_modules/better-sqlite3" -name better_sqlite3.node 2>/dev/null)" ] ||
			npm --prefix "$folder" rebuild better-sqlite3 >>"$folder/install.log" 2>&1; }; then
		echo "$dev_env" >"$folder/version"
	else
		tail -n 20 "$folder/install.log" >&2
		missing "@atproto/dev-env" "it could not be installed; see $folder/install.log"
		return 1
	fi
}

start_redis() {
	command -v redis-server >/dev/null || install redis-server || true
	command -v redis-server >/dev/null || { missing Redis "install Debian's redis-server"; return 1; }
	local port
	port=$(go run ./scripts/freeport)
	redis-server --port "$port" --bind 127.0.0.1 --save '' --appendonly no --dir "$work" >"$work/redis.log" 2>&1 &
	redis=$!
	export REDIS_HOST=127.0.0.1:$port
}

start_bluesky() {
	start_postgres
	[ -n "${RAPPORT_TEST_POSTGRES:-}" ] || return 1
	start_redis || return 1
	export DB_POSTGRES_URL=$RAPPORT_TEST_POSTGRES LOG_ENABLED=false
	step "a Bluesky network on this machine"
	mkfifo "$work/stop"
	node scripts/real/bluesky.mjs "$folder" <"$work/stop" >"$work/network" 2>"$work/network.log" &
	network=$!
	exec 7>"$work/stop" # the network ends when this is closed
	for _ in $(seq 240); do
		[ -s "$work/network" ] && break
		kill -0 "$network" 2>/dev/null || break
		sleep 0.5
	done
	if [ ! -s "$work/network" ]; then
		tail -n 30 "$work/network.log" >&2
		missing "a Bluesky network" "it did not start"
		return 1
	fi
	RAPPORT_REAL_BLUESKY=$(head -n 1 "$work/network")
	export RAPPORT_REAL_BLUESKY
}

stop_all() {
	exec 7>&- 2>/dev/null || true
	[ -z "${network:-}" ] || wait "$network" 2>/dev/null || true
	[ -z "${redis:-}" ] || kill "$redis" 2>/dev/null || true
	cleanup
}
trap stop_all EXIT

unset RAPPORT_TEST_POSTGRES # what the network keeps stays apart from other tests
if install_network; then start_bluesky || true; fi
if [ -z "${RAPPORT_REAL_MASTODON_URL:-}" ] || [ -z "${RAPPORT_REAL_MASTODON_TOKEN:-}" ]; then
	skipped+=("Mastodon: name a server in RAPPORT_REAL_MASTODON_URL and a token in RAPPORT_REAL_MASTODON_TOKEN")
fi

# Programs that others wrote, at the versions that were tried.
install_program() {
	local name=$1 module=$2
	if [ ! -x ".testenv/bin/$name" ]; then
		step "building $name; the first time takes minutes"
		GOBIN=$PWD/.testenv/bin go install "$module" >/dev/null 2>&1 || { missing "$name" "go install $module did not work"; return 1; }
	fi
}

step "media on a real S3 server, certificates from a real ACME server"
if install_program versitygw github.com/versity/versitygw/cmd/versitygw@v1.8.0; then
	RAPPORT_TEST_S3=$PWD/.testenv/bin/versitygw go test -count=1 -v -run 'S3' ./internal/blob
fi
if install_program pebble github.com/letsencrypt/pebble/v2/cmd/pebble@v2.10.3; then
	RAPPORT_TEST_PEBBLE=$PWD/.testenv/bin/pebble go test -count=1 -run 'Certificates' ./internal/server
fi

step "the walk"
go test -count=1 -timeout=20m -v ${GOTESTFLAGS:-} ./internal/walk/real
go test -count=1 -timeout=20m -v ${GOTESTFLAGS:-} -run Real ./internal/network/bluesky

if [ ${#skipped[@]} -gt 0 ]; then
	echo
	echo "NOT RUN:"
	printf '  %s\n' "${skipped[@]}"
fi
