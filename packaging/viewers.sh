#!/bin/sh
# Lets viewers watch the daemon over TLS, 1 Mb/s each, while 500 more stall and 2,000 connections are half open, and
# prints what that costs: lost packets, processor time, memory, and how late viewers get each part. Then it
# counts the requests at the receiver for half as many viewers through nginx, and without it.
# usage: viewers.sh VIEWERS
set -eu
cd "$(dirname "$0")/.."
GO=${GO:-go}
viewers=${1:?usage: viewers.sh VIEWERS}
ISC_VIEWERS=$viewers "$GO" test -tags ci -count=1 -timeout 15m -v -run '^TestManyViewers$' ./internal/e2e
ISC_VIEWERS=$((viewers / 2)) "$GO" test -tags ci,nginx -count=1 -timeout 15m -v -run '^TestNginxMultipliesViewers$' ./internal/e2e
