#!/bin/sh
# Runs all tests with the race detector. `make test` installs what they need, builds the programs and calls this.
# usage: test.sh
set -eu
cd "$(dirname "$0")/.."
GO=${GO:-go}

# test_tagged TAG [FLAG...] runs the packages that have tests under that build tag, one after the other: browser and window
# are to have the machine to themselves. The display is one that nobody sees.
test_tagged() {
	tag=$1
	shift
	dirs=$(grep -rlE --include='*_test.go' --exclude-dir=node_modules "^//go:build .*\b$tag\b" . | xargs -r -n 1 dirname |
		sort -u)
	[ -n "$dirs" ] || {
		echo "test.sh: there are no tests with the build tag $tag" >&2
		return 1
	}
	# shellcheck disable=SC2086  # the list is meant to split into words
	xvfb-run -a -s "-screen 0 1280x800x24" "$GO" test -race -tags "ci,$tag" -count=1 -p 1 -timeout 40m -v "$@" $dirs
}

# The tag ci gives Fyne its software driver, so that OpenGL is not built once more for the race detector.
echo "== tests"
"$GO" test -race -tags ci -timeout 30m ./...
echo "== browser tests"
test_tagged browser
echo "== nginx tests"
test_tagged nginx -run '^TestNginx'
echo "== window tests"
test_tagged window
