.PHONY: build demo test test-crash test-real bench assets assets-build assets-check

# The program, in bin/.
build:
	go build -trimpath -ldflags="-s -w" -o bin/rapport ./cmd/rapport

# The demo, from source.
demo:
	go run ./cmd/rapport demo

# Everything CI runs; installs what it needs where it may.
test:
	@scripts/test.sh

# A hundred crash runs of each network and step, on each database.
test-crash:
	@RAPPORT_CRASH_RUNS=100 scripts/test-crash.sh

# The walk through networks that are not emulated; see docs/emulators.md.
test-real:
	@scripts/test-real.sh

# Speed as ratios and times; see docs/performance.md.
bench:
	@scripts/bench.sh

# Rebuilds what the pages load. Only needed after a change in assets or in a
# template; the result is committed. It is install and not ci because some
# registries lack the optional packages of other platforms, and ci then refuses
# a lock that is right for this one.
assets:
	npm --prefix assets install --no-save --no-audit --no-fund
	@$(MAKE) -s assets-build

assets-build:
	go tool templ generate
	npm --prefix assets run --silent types
	npm --prefix assets run --silent css
	go run ./internal/web/static/build

# Builds again and fails if that changes what is there.
assets-check:
	@scripts/assets-check.sh
