#!/bin/sh
# Installs the Debian packages that building, running and testing need, and nothing that is there already.
# usage: system-packages.sh build|run|test|deb|package [...]
#   build    a C compiler and the headers of the window's libraries
#   run      ffmpeg, which decodes the previews, and the libraries that the window loads
#   test     a virtual display, a browser and the tools that the tests and checks call
#   deb      what makes Debian packages
#   package  what tests these: the tools that look at them, a system to install them in, and processors for the rig's
# Works on Debian 12 and Ubuntu 24.04. Uses sudo when it is not root.
set -eu

packages_of() {
	case $1 in
	build) echo "gcc libc6-dev pkg-config libgl-dev libegl-dev libx11-dev libxcursor-dev libxrandr-dev" \
		"libxinerama-dev libxi-dev libxxf86vm-dev libxkbcommon-dev libwayland-dev" ;;
	run) echo "$(unless_there ffmpeg ffmpeg) libgl1-mesa-dri libegl1 libxcursor1 libxrandr2 libxinerama1 libxi6" \
		"libxxf86vm1 libxkbcommon0" ;;
	test) echo "xvfb xauth libgl1-mesa-dri xdotool imagemagick x11-utils openbox fonts-dejavu-core iproute2 git" \
		"shellcheck tcpdump nginx desktop-file-utils appstream systemd" \
		"$(unless_there "$(browser_package)" chromium google-chrome chromium-browser)" ;;
	deb) echo "dpkg-dev librsvg2-bin git" ;;
	package) echo "lintian desktop-file-utils appstream debootstrap systemd-container xvfb xauth xdotool x11-utils" \
		"imagemagick openbox curl shellcheck qemu-user-static" ;;
	*)
		echo "usage: system-packages.sh build|run|test|deb|package [...]" >&2
		return 2
		;;
	esac
}

# unless_there PACKAGE PROGRAM... prints the package when none of the programs can be run.
unless_there() {
	package=$1
	shift
	for program in "$@"; do
		command -v "$program" >/dev/null 2>&1 && return
	done
	echo "$package"
}

# Ubuntu has Chromium as a snap alone, which its package chromium-browser installs.
browser_package() {
	if grep -qx 'ID=ubuntu' /etc/os-release; then echo chromium-browser; else echo chromium; fi
}

installed() {
	dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed
}

[ $# -gt 0 ] || packages_of ""
wanted=""
for group in "$@"; do
	wanted="$wanted $(packages_of "$group")"
done

if ! command -v apt-get >/dev/null 2>&1; then
	echo "system-packages.sh: this is not a Debian or Ubuntu system, so see to it that it has what these hold:$wanted" >&2
	exit 0
fi

missing=""
for package in $wanted; do
	installed "$package" || missing="$missing $package"
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
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
