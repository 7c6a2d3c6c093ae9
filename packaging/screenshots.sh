#!/bin/sh
# Takes the pictures in docs/images: the window under Xvfb, and the page that the same program serves, in Chromium.
# `make screenshots` installs what this needs, builds the programs and calls it.
# usage: screenshots.sh [FOLDER]
set -eu
cd "$(dirname "$0")/.."
. packaging/wait.sh
images=${1:-docs/images}
address=127.0.0.1:5076
scratch=$(mktemp -d)
mkdir -p "$images"

finish() {
	# The first started is the display, so it is the last to end.
	for pid in ${receiver:-} ${manager:-} ${display:-}; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 1' INT TERM

if node -e "fetch('http://$address/healthz').then(() => process.exit(0), () => process.exit(1))"; then
	echo "screenshots.sh: another program serves $address; end it first" >&2
	exit 1
fi

Xvfb -displayfd 3 -screen 0 1400x900x24 -nolisten tcp 3>"$scratch/number" 2>"$scratch/xvfb.log" &
display=$!
wait_for 10 test -s "$scratch/number"
DISPLAY=:$(cat "$scratch/number")
export DISPLAY
# A folder of its own, so that the pictures show a first start and not this user's settings.
export HOME="$scratch" XDG_CONFIG_HOME="$scratch/config" XDG_RUNTIME_DIR="$scratch"
mkdir -p "$scratch/.cache" "$scratch/config"

openbox >"$scratch/openbox.log" 2>&1 &
manager=$!
bin/isc-receiver --demo --http "$address" >"$scratch/receiver.log" 2>&1 &
receiver=$!
wait_for 20 xdotool search --onlyvisible --name 'ISC Receiver'
window=$(xdotool search --onlyvisible --name 'ISC Receiver' | tail -n 1)
xdotool windowmove "$window" 40 40 windowsize "$window" 1280 800
sleep 45 # for curves of some length, with an outage in them

page() { node webassets/test/screenshot.mjs "http://$address/" "$images/$1" "$2" "$3" "$4"; }
import -window "$window" "$images/window.png"
page page.png 1280 800 10 # until it is as little late as it gets
page phone.png 390 844 45 # it has curves, too
ls -l "$images"
