.PHONY: test assets
test:
	go vet ./...
	go test ./...

# Rebuilds what the pages load. Only needed after a change in assets or in the
# class attributes of a template; the result is committed.
assets:
	npm --prefix assets ci --no-audit --no-fund
	go tool templ generate -path internal/web
	npm --prefix assets run --silent types
	npm --prefix assets run --silent css
	go run ./internal/web/static/build
