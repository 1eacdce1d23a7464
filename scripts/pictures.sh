#!/usr/bin/env bash
# Takes the pictures of the documents from a fresh demo into docs/pictures.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p docs/pictures
RAPPORT_TEST_CHROMIUM=${RAPPORT_TEST_CHROMIUM:-$(command -v chromium)} RAPPORT_DOC_PICTURES=$PWD/docs/pictures \
	go test ./internal/walk -run TestPictures -count=1 -v
