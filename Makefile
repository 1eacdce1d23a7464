.PHONY: test assets
test:
	go vet ./...
	go test ./...

# Rebuilds what the pages load. Only needed after a change in assets or in the
# class attributes of a template; the result is committed. It is install and not
# ci because some registries lack the optional packages of other platforms, and
# ci then refuses a lock that is right for this one.
assets:
	npm --prefix assets install --no-save --no-audit --no-fund
	go tool templ generate
	npm --prefix assets run --silent types
	npm --prefix assets run --silent css
	go run ./internal/web/static/build
