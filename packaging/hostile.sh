#!/bin/sh
# Floods the ports of the daemon with 10,000 datagrams a second of strangers while it receives a live stream, and prints
# what that cost: lost packets, reasons for the refusals, processor time and memory.
# usage: hostile.sh DURATION
set -eu
cd "$(dirname "$0")/.."
GO=${GO:-go}
ISC_HOSTILE=${1:?usage: hostile.sh DURATION} exec "$GO" test -tags ci -count=1 -timeout 2h -v -run '^TestHostile$' ./internal/e2e
