#!/bin/sh
# Runs all tests with the race detector. `make test` installs what they need, builds the programs and calls this.
# usage: test.sh
set -eu
cd "$(dirname "$0")/.."
GO=${GO:-go}

# tagged TAG lists the packages that have tests under that build tag.
tagged() {
	grep -rlE --include='*_test.go' --exclude-dir=node_modules "^//go:build .*\b$1\b" . | xargs -n 1 dirname | sort -u
}

# The tag ci gives Fyne its software driver, so that OpenGL is not built once more for the race detector.
echo "== tests"
"$GO" test -race -tags ci -timeout 5m ./...

# One package after the other: browser and window are to have the machine to themselves.
echo "== browser tests"
# shellcheck disable=SC2046  # the list is meant to split into words
"$GO" test -race -tags ci,browser -count=1 -p 1 -v $(tagged browser)

echo "== window tests"
# shellcheck disable=SC2046
"$GO" test -race -tags ci,window -count=1 -p 1 -v $(tagged window)
