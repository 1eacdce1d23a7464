#!/usr/bin/env bash
# Takes the pictures of the documents from a fresh demo into docs/pictures: all,
# or those that are named. The machine needs fonts for every script and emoji.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p docs/pictures
RAPPORT_TEST_CHROMIUM=${RAPPORT_TEST_CHROMIUM:-$(command -v chromium)} RAPPORT_DOC_PICTURES=$PWD/docs/pictures RAPPORT_DOC_ONLY="$*" \
	go test ./internal/walk -run TestPictures -count=1 -v
