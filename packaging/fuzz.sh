#!/bin/sh
# Runs each fuzz target of the module for a while, two at a time, and prints a line for each.
# usage: fuzz.sh DURATION                 all of them
#        fuzz.sh DURATION DIR:FUNCTION    that one
set -eu
cd "$(dirname "$0")/.."
GO=${GO:-go}
duration=${1:?usage: fuzz.sh DURATION [DIR:FUNCTION]}

all_targets() {
	grep -roE --include='*_test.go' --exclude-dir=node_modules '^func Fuzz[A-Za-z0-9_]*' . |
		sed -E 's|/[^/]*:func |:|' | sort
}

if [ $# -eq 1 ]; then
	all_targets | xargs -P 2 -n 1 "$0" "$duration"
	exit
fi

dir=${2%:*}
name=${2##*:}

# over_time tells whether nothing failed but Go's own fuzzer: before version 1.27, it now and then takes the end of the time
# for a failure. What it wrote by then is run once more, as it may have had no time to say that it found something.
over_time() {
	[ "$(printf '%s\n' "$out" | sed -n '/^--- FAIL: /,/^FAIL$/p' | sed '1d;$d')" = "    context deadline exceeded" ] || return
	out=$(printf '%s\n' "$out" && "$GO" test -tags ci -count=1 -run "^$name\$" "$dir" 2>&1)
}

if out=$("$GO" test -tags ci -run '^$' -fuzz "^$name\$" -fuzztime "$duration" -fuzzminimizetime 10x -parallel 1 "$dir" 2>&1) ||
	over_time; then
	printf 'ok    %-28s %-24s %s\n' "$dir" "$name" "$(printf '%s\n' "$out" | sed -n 's/^fuzz: elapsed: //p' | tail -n 1)"
else
	printf 'FAIL  %-28s %s\n%s\n' "$dir" "$name" "$out"
	exit 1
fi
