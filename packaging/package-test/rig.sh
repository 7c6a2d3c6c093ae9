# The rig: its service sends a test picture to that of the receiver, both installed from their packages. Then the programs of
# the packages for other processors do so, on an emulated processor. It is sourced by package-test.sh.
# shellcheck shell=sh disable=SC2154  # box.sh has set the rest

for pair in "arm64 AArch64" "armhf ARM" "amd64 X86-64"; do
	architecture=${pair% *} machine=${pair#* }
	dpkg-deb -x "build/isc-rig_${version}_$architecture.deb" "$scratch/isc-rig-$architecture"
	check "isc-rig of $architecture is a program for $machine that needs no library" sh -c "
		readelf -hd '$scratch/isc-rig-$architecture/usr/bin/isc-rig' >'$scratch/elf' && grep -q 'Machine:.*$machine' '$scratch/elf' &&
			! grep -q NEEDED '$scratch/elf'"
done

inside="$scratch/ambulance"
new_box "$inside"
check "apt installs the rig with what is recommended, and the receiver" within "$inside" sh -c "apt-get update -qq &&
	apt-get install -y -qq /root/isc-rig_${version}_$host.deb /root/isc-receiverd_${version}_$host.deb >/dev/null"
open_box "$inside"
check "it is not enabled" test "$(in_box systemctl is-enabled isc-rig || true)" = disabled
check "systemd finds nothing wrong with its unit" in_box systemd-analyze verify --man=no isc-rig.service
in_box sed -i -e 's/^ISC_RIG_TO=.*/ISC_RIG_TO=127.0.0.1/' -e 's/^ISC_RIG_INTERFACES=.*/ISC_RIG_INTERFACES=lo/' \
	-e 's/^ISC_RIG_TEST_PICTURE=.*/ISC_RIG_TEST_PICTURE=true/' \
	/etc/isc-rig/isc-rig.conf
in_box systemctl start isc-receiverd isc-rig
ready() { [ "$(beside_box curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:5076/readyz)" = 200 ]; }
wait_for 40 ready || {
	in_box journalctl -u isc-rig -u isc-receiverd --no-pager -n 30 >&2
	fail "the receiver has no picture from the rig"
}
echo "ok: the receiver shows the rig's picture"

echo "-- on other processors"
in_box systemctl stop isc-rig
# count OUTCOME prints how many packets had it, since the receiver started.
count() { beside_box curl -s http://127.0.0.1:5076/metrics | sed -n "s/^isc_packets_total{.*outcome=\"$1\"} //p"; }
for pair in "arm64 aarch64" "armhf arm"; do
	architecture=${pair% *} emulator=/root/qemu-${pair#* }-static
	cp "$(command -v "${emulator##*/}")" "$inside$emulator"
	cp "$scratch/isc-rig-$architecture/usr/bin/isc-rig" "$inside/root/isc-rig-$architecture"
	check "isc-rig of $architecture runs, and says its version" \
		test "$(in_box "$emulator" "/root/isc-rig-$architecture" version)" = "isc-rig $version"
	in_box systemctl restart isc-receiverd
	in_box timeout 8 "$emulator" "/root/isc-rig-$architecture" send --to 127.0.0.1 --interfaces lo --test-picture \
		>"$scratch/$architecture.log" 2>&1 || [ $? = 124 ] || {
		cat "$scratch/$architecture.log" >&2
		fail "isc-rig of $architecture does not send"
	}
	came=$(($(count delivered) + $(count recovered))) lost=$(count lost)
	check "isc-rig of $architecture sent for 8 s: $came packets came, $lost are lost" test "$came" -gt 100 -a "$lost" -eq 0
done

in_box sh -c "apt-get purge -y -qq isc-rig >/dev/null"
check "nothing of it is left" test -z "$(cd "$inside" && find usr etc var/lib -xdev -name '*isc-rig*' ! -path 'var/lib/dpkg/*')"
close_box
