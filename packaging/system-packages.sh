#!/bin/sh
# Installs the Debian packages that building, running and testing need, and nothing that is there already.
# usage: system-packages.sh build|run|test [...]
#   build  a C compiler and the headers of the window's libraries
#   run    ffmpeg, which decodes the previews
#   test   a virtual display, a browser and the tools that the tests call
# Works on Debian 12 and Ubuntu 24.04. Uses sudo when it is not root.
set -eu

packages_of() {
	case $1 in
	build) echo "gcc libc6-dev pkg-config libgl-dev libegl-dev libx11-dev libxcursor-dev libxrandr-dev" \
		"libxinerama-dev libxi-dev libxxf86vm-dev libxkbcommon-dev libwayland-dev" ;;
	run) echo "ffmpeg libgl1-mesa-dri libegl1 libxcursor1 libxrandr2 libxinerama1 libxi6 libxkbcommon0" ;;
	test) echo "xvfb xauth libgl1-mesa-dri xdotool imagemagick x11-utils openbox fonts-dejavu-core iproute2 $(browser)" ;;
	*) echo "system-packages.sh: unknown group '$1'; use build, run or test" >&2; exit 2 ;;
	esac
}

# Ubuntu's chromium package only starts a snap: there, any installed Chrome or Chromium serves.
browser() {
	for name in chromium google-chrome chromium-browser; do
		command -v "$name" >/dev/null 2>&1 && return
	done
	echo chromium
}

installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

if ! command -v apt-get >/dev/null 2>&1; then
	echo "system-packages.sh: this is not a Debian or Ubuntu system, so install these yourself:" >&2
	for group in "$@"; do packages_of "$group" >&2; done
	exit 0
fi

missing=""
for group in "$@"; do
	for package in $(packages_of "$group"); do
		installed "$package" || missing="$missing $package"
	done
done
[ -n "$missing" ] || exit 0

sudo=""
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null 2>&1 || {
		echo "system-packages.sh: these packages are missing; install them as root:$missing" >&2
		exit 1
	}
	sudo=sudo
fi
echo "Installing:$missing"
$sudo apt-get update -qq
# shellcheck disable=SC2086  # the list is meant to split into words
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends $missing
