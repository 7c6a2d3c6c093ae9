# A clean Debian 12 to install packages in. It is sourced by package-test.sh.
# shellcheck shell=sh disable=SC2016,SC2034  # apt fills in names of its own; what is set here is used by the tests

GO=${GO:-go}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/isc-receiver
host=$(dpkg --print-architecture)
version=$(packaging/setting.sh Version)
scratch=$(mktemp -d)
box=""    # the process that is the first in the clean system, while that runs
spawned="" # the process that runs it
# The kernel has this but once, so that the package's setting, tried in the box, is this machine's, too.
buffer=$(cat /proc/sys/net/core/rmem_max)

finish() {
	status=$?
	for pid in ${started:-}; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	[ -z "$spawned" ] || close_box
	echo "$buffer" >/proc/sys/net/core/rmem_max || true
	rm -rf --one-file-system "$scratch"
	exit "$status"
}
trap finish EXIT
trap 'exit 1' INT TERM

fail() {
	echo "package-test.sh: $*" >&2
	exit 1
}

# check TITLE COMMAND... fails with the title where the command does.
check() {
	title=$1
	shift
	"$@" || fail "this is not so: $title"
	echo "ok: $title"
}

# new_box FOLDER makes a clean Debian 12 there.
new_box() {
	base="$cache/debian-12-$host.tar"
	if [ ! -s "$base" ]; then
		mkdir -p "$cache"
		mirror=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' \
			'Codename: bookworm' 'Label: Debian' | head -n 1)}
		echo "making a clean Debian 12, once: $base"
		# shellcheck disable=SC2086  # without a mirror debootstrap has its own
		debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,ca-certificates bookworm "$scratch/base" \
			$mirror >"$scratch/debootstrap.log" 2>&1 || {
			tail -n 20 "$scratch/debootstrap.log" >&2
			fail "there is no Debian 12 to be had. DEBIAN_MIRROR names a place that has it"
		}
		rm -f "$scratch"/base/var/cache/apt/archives/*.deb
		tar -C "$scratch/base" -cf "$base.new" .
		mv "$base.new" "$base"
		rm -rf "$scratch/base"
	fi
	mkdir "$1"
	tar -C "$1" -xf "$base"
	cp build/*.deb "$1/root/"
}

# nspawn runs a command in a folder that has a system.
nspawn="systemd-nspawn --quiet --register=no --keep-unit --console=pipe"

# within FOLDER OPTION... COMMAND... runs a command in a clean system that has not been started. What it downloads is kept
# for the next time.
within() {
	inside=$1
	shift
	mkdir -p "$cache/archives"
	$nspawn --as-pid2 --directory="$inside" \
		--bind="$cache/archives:/var/cache/apt/archives" --setenv=DEBIAN_FRONTEND=noninteractive "$@" </dev/null \
		2>"$scratch/within.log"
}

# packages_in FOLDER prints the names of the packages that are installed there, a line each, in order.
packages_in() { dpkg-query --admindir="$1/var/lib/dpkg" -W -f '${Package}\n' | LC_ALL=C sort; }

# open_box FOLDER starts the clean system with systemd in a network of its own, in which there is nothing but it.
open_box() {
	$nspawn --boot --private-network --machine=isc-package-test --directory="$1" </dev/null >"$scratch/nspawn.log" 2>&1 &
	spawned=$!
	tries=100
	until box=$(pgrep -P "$spawned") && in_box systemctl is-system-running --wait >"$scratch/state" 2>&1; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || {
			cat "$scratch/nspawn.log" "$scratch/state" >&2
			fail "systemd does not start in a container here, and only there can the service be tried"
		}
		sleep 0.2
	done
}

# in_box COMMAND... runs a command in the system that was started.
in_box() {
	nsenter --target "$box" --mount --uts --ipc --net --pid --root --wd \
		env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "$@"
}

# beside_box COMMAND... runs a command of this machine in the network of the system that was started.
beside_box() { nsenter --target "$box" --net "$@"; }

close_box() {
	kill "$spawned" 2>/dev/null || true
	wait "$spawned" 2>/dev/null || true
	spawned="" box=""
}
