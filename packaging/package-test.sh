#!/bin/sh
# Tests the Debian packages: what the tools for that say of them, that two builds give the same bytes, and that they work
# in a clean Debian 12. `make package-test` builds them into build/ and calls this. It takes root, and makes folders below
# ${XDG_CACHE_HOME:-~/.cache}/isc-receiver that later runs use again.
# usage: package-test.sh [looks|window|service|rig]...    all of them, or those
#        DEBIAN_MIRROR  where Debian 12 comes from; this machine's own, where it is of that version
set -eu
cd "$(dirname "$0")/.."
. packaging/wait.sh
. packaging/package-test/box.sh

[ "$(id -u)" = 0 ] || {
	echo "package-test.sh: installing in a system of its own takes root: sudo make package-test" >&2
	exit 1
}
[ $# -gt 0 ] || set -- looks window service rig
for part in "$@"; do
	printf '\n== %s\n' "$part"
	# shellcheck source=/dev/null
	. "packaging/package-test/$part.sh"
done
printf '\nAll of the packages passed: %s.\n' "$*"
