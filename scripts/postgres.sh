# Sourced: starts a private PostgreSQL in a temporary folder and stops it at the
# end. It installs what is missing where it may.

ci=${CI:-false}
skipped=()

missing() { # what, why
	if [ "$ci" = true ]; then
		echo "cannot test: $1 is missing ($2)" >&2
		exit 1
	fi
	skipped+=("$1: $2")
}

may_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

updated=false
install() { # packages
	may_install || return 1
	if [ "$updated" = false ]; then apt-get update -qq >/dev/null || true; updated=true; fi
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

pg_bin() { ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1; }

work=$(mktemp -d)
cleanup() {
	[ -f "$work/pg/postmaster.pid" ] && as_pg "$(pg_bin)/pg_ctl" -D "$work/pg" -m immediate stop >/dev/null 2>&1 || true
	rm -rf "$work"
}
trap cleanup EXIT

# PostgreSQL refuses to run as root, so root runs it as its own user.
as_pg() { if [ "$(id -u)" = 0 ]; then su -s /bin/sh postgres -c "$(printf '%q ' "$@")"; else "$@"; fi; }

start_postgres() {
	[ -n "$(pg_bin)" ] || install postgresql || true
	[ -n "$(pg_bin)" ] || { missing PostgreSQL "install Debian's postgresql"; return; }
	local port
	port=$(go run ./scripts/freeport)
	chmod 755 "$work"
	mkdir "$work/sock"
	if [ "$(id -u)" = 0 ]; then mkdir "$work/pg"; chown postgres "$work/pg" "$work/sock"; fi
	as_pg "$(pg_bin)/initdb" -A trust -U rapport --no-sync -D "$work/pg" >/dev/null
	as_pg "$(pg_bin)/pg_ctl" -w -D "$work/pg" -l "$work/sock/log" \
		-o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$work/sock -c fsync=off -c max_connections=300" start >/dev/null
	RAPPORT_TEST_POSTGRES="postgres://rapport@127.0.0.1:$port/postgres"
}

