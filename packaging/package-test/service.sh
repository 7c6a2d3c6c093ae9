# The service: installed, started, upgraded while it receives, removed and purged in a system with systemd. It is sourced by
# package-test.sh.
# shellcheck shell=sh disable=SC2154  # box.sh has set the rest

inside="$scratch/service"
new_box "$inside"
VERSION=0.0.1 packaging/deb.sh "$inside/root" isc-receiverd >/dev/null
CGO_ENABLED=0 "$GO" test -c -tags ci -o "$scratch/e2e.test" ./internal/e2e

# files prints all files of the box but those that dpkg, apt and systemd keep for themselves, and the lists of users.
files() {
	(cd "$inside" && find . -xdev \( -path ./dev -o -path ./proc -o -path ./sys -o -path ./run -o -path ./tmp -o -path ./root \
		-o -path './var/lib/dpkg' -o -path './var/lib/systemd' -o -path './var/log' -o -path './var/cache' \
		-o -path './var/tmp' -o -path './var/lib/apt' -o -path './etc/machine-id' \) -prune -o -print) |
		grep -vxE '\./etc/(passwd|group|shadow|gshadow)-?|\./etc/\.(pwd\.lock|updated)|\./var/\.updated' | LC_ALL=C sort
}

show() { in_box systemctl show -p "$1" --value isc-receiverd; }
is() { [ "$(in_box systemctl "$1" isc-receiverd || true)" = "$2" ]; }
link() { in_box isc-receiverd keys | grep -o 'http://[^ ]*key=[^ ]*' | head -n 1; }
apt() { in_box apt-get -y -qq "$@" >"$scratch/apt.log" 2>&1 || { cat "$scratch/apt.log" >&2 && false; }; }
says() { in_box journalctl -u isc-receiverd -o cat | grep -q "$1"; }
restarted_since() { [ "$(show NRestarts)" -gt "$1" ] && is is-active active; }
# starts SECONDS prints how often it was started in the last seconds.
starts() { in_box journalctl -u isc-receiverd -o cat --since "-$1s" | grep -c '^Starting '; }

open_box "$inside"
files >"$scratch/before"
packages_in "$inside" >"$scratch/packages"
check "apt installs the service" apt install /root/isc-receiverd_0.0.1_"$host".deb
check "it is not enabled" is is-enabled disabled
check "it is not started" is is-active inactive
exposure=$(in_box systemd-analyze security --no-pager isc-receiverd.service | sed -n 's/.*level for [^:]*: \([0-9.]*\).*/\1/p')
check "systemd rates its exposure $exposure, 1.5 at most" awk "BEGIN { exit !($exposure > 0 && $exposure <= 1.5) }"
check "systemd finds nothing wrong with its unit" in_box systemd-analyze verify --man=no isc-receiverd.service

settings=/etc/isc-receiver/config.toml
in_box sed -i -e 's/^name = "Rig 1" */name = "Ambulance 7"/' -e 's/^rtp_to = "" */rtp_to = "127.0.0.1:4567"/' $settings
in_box cat $settings >"$scratch/edited"
check "it is enabled and started, and says when it is ready" in_box systemctl enable --now isc-receiverd
pid=$(show MainPID)
facts=$(in_box cat "/proc/$pid/status")
for wanted in 'Uid:.*[1-9]' 'CapEff:.*0000000000000000' 'CapBnd:.*0000000000000000' 'NoNewPrivs:.*1' 'Seccomp:.*2'; do
	check "its process has $wanted" sh -c "printf '%s' \"\$1\" | grep -q \"^\$2\$\"" - "$facts" "$wanted"
done
wait_for 10 sh -c "[ \"\$(nsenter --target $box --net curl -s -o /dev/null -w '%{http_code}' '$(link)')\" = 303 ]"
in_box systemctl status --no-pager isc-receiverd | sed -n 's/^ *Status: /its status: /p'

echo "-- a capture, a live rig, and an upgrade from 0.0.1 to $version meanwhile"
upgrade="nsenter --target $box --mount --uts --ipc --net --pid --root --wd env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq /root/isc-receiverd_${version}_$host.deb"
(cd internal/e2e && ISC_INSTALLED=$(link) ISC_UPGRADE=$upgrade ISC_UPGRADE_VERSION=$version \
	beside_box "$scratch/e2e.test" -test.v -test.run '^TestInstalled$') || {
	in_box journalctl -u isc-receiverd --no-pager -n 50 >&2
	fail "the installed service does not do what it should"
}
check "the settings are as they were edited" sh -c "cmp '$scratch/edited' '$inside$settings'"

echo "-- signals"
in_box systemctl reload isc-receiverd
check "it goes on after its settings were read again" is is-active active
in_box systemctl kill --signal=USR1 --kill-who=main isc-receiverd
wait_for 5 sh -c "ls '$inside'/var/lib/isc-receiver/captures/*.pcapng"
echo "ok: it saves what arrives"
in_box systemctl kill --signal=USR1 --kill-who=main isc-receiverd
before=$(show NRestarts)
began=$(date +%s)
in_box systemctl kill --signal=STOP --kill-who=main isc-receiverd
wait_for 30 restarted_since "$before"
echo "ok: when it hung it was started again, after $(($(date +%s) - began)) s"
before=$(show NRestarts)
in_box systemctl kill --signal=KILL --kill-who=main isc-receiverd
wait_for 2 restarted_since "$before"
echo "ok: when it was killed it was started again within 2 s"
before=$(show NRestarts)
in_box systemctl kill --signal=QUIT --kill-who=main isc-receiverd # which a Go program takes for a crash
wait_for 2 restarted_since "$before"
echo "ok: when it crashed it was started again within 2 s"

echo "-- what it cannot start with"
in_box sed -i 's/^latency = "200ms"/latency = "9h"/' $settings
check "with a wrong setting it does not start" sh -c "! nsenter --target $box --all systemctl restart isc-receiverd 2>/dev/null"
sleep 3
check "nor is it tried again" is is-failed failed
in_box systemctl status --no-pager isc-receiverd >"$scratch/status" || true
check "systemctl status says why" grep 'Status: .*channel.latency: 9h0m0s is out of range; 20ms to 5s are possible' "$scratch/status"
cp "$scratch/edited" "$inside$settings"
in_box systemd-run --quiet --unit=other --uid=nobody --setenv=HOME=/tmp/other \
	isc-receiverd run --http 127.0.0.1:5999
wait_for 10 beside_box curl -s http://127.0.0.1:5999/healthz
check "while another program has its ports it does not start" \
	sh -c "! nsenter --target $box --all systemctl start isc-receiverd 2>/dev/null"
in_box systemctl status --no-pager isc-receiverd >"$scratch/status" || true
check "systemctl status says why" grep 'Status: .*UDP port 5078 is in use' "$scratch/status"
sleep 15
tried=$(starts 15)
check "it is tried again, $tried times in 15 s" test "$tried" -ge 2 -a "$tried" -le 8
in_box systemctl stop other
wait_for 10 is is-active active
echo "ok: it starts by itself when the ports are free"

echo "-- live capture"
in_box sed -i 's/^source = "udp" */source = "capture"/' $settings
check "without the right it does not start" sh -c "! nsenter --target $box --all systemctl restart isc-receiverd 2>/dev/null"
check "and says how it gets it" says "CAP_NET_RAW"
example=/usr/share/isc-receiverd/live-capture.conf
in_box install -D -m 644 $example /etc/systemd/system/isc-receiverd.service.d/live-capture.conf
in_box systemctl daemon-reload
check "with the drop-in it starts" in_box systemctl restart isc-receiverd
check "with that right alone" in_box grep -qx 'CapEff:.*0000000000002000' "/proc/$(show MainPID)/status"
in_box rm -r /etc/systemd/system/isc-receiverd.service.d
cp "$scratch/edited" "$inside$settings"
in_box systemctl daemon-reload
in_box systemctl restart isc-receiverd

echo "-- remove, install again, and purge"
kept=$(link)
check "apt removes it" apt remove isc-receiverd
check "it is stopped" is is-active inactive
check "its program is gone" test ! -e "$inside/usr/bin/isc-receiverd"
check "its settings stay" cmp "$scratch/edited" "$inside$settings"
check "its keys stay" test "$(in_box sh -c 'ls /var/lib/isc-receiver/*key* | wc -l')" -gt 0
check "apt installs it again" apt install "/root/isc-receiverd_${version}_$host.deb"
check "with the settings that it had" cmp "$scratch/edited" "$inside$settings"
in_box systemctl start isc-receiverd
check "with the keys that it had" test "$(link)" = "$kept"
check "apt purges it while it runs" apt purge isc-receiverd
check "it is stopped" is is-active inactive
files >"$scratch/after"
left=$(LC_ALL=C comm -13 "$scratch/before" "$scratch/after" | grep -vxE './var/lib/isc-receiver(/captures(/[^/]*\.pcapng)?)?' || true)
[ -z "$left" ] || printf 'left: %s\n' "$left" >&2
check "but for what it captured, nothing of it is left" test -z "$left"
check "what it captured is left" sh -c "ls '$inside'/var/lib/isc-receiver/captures/*.pcapng >/dev/null"
check "nothing of the system is gone" test -z "$(LC_ALL=C comm -23 "$scratch/before" "$scratch/after")"
packages_in "$inside" | cmp - "$scratch/packages" || fail "the packages are not those from before"
close_box
