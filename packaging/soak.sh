#!/bin/sh
# Runs the long tests of the receiver: random streams on all processors, and two hours of one stream in simulated time.
# They print how far they are, and the seed of what fails: ISC_SEED=SEED go test -tags ci -run NAME ./receiver then tries
# that one alone.
# usage: soak.sh SEGMENTS
set -eu
cd "$(dirname "$0")/.."
GO=${GO:-go}
ISC_SOAK=${1:?usage: soak.sh SEGMENTS} exec "$GO" test -tags ci -count=1 -timeout 2h -v \
	-run '^(TestAnyRecoverablePattern|TestAnyPattern|TestStrangeStreams|TestHours)$' ./receiver
