# The window: installed as a person would, started from its desktop entry by an ordinary user. It is sourced by
# package-test.sh.
# shellcheck shell=sh disable=SC2154  # box.sh has set the rest

inside="$scratch/desk"
pictures=build/package-test
id=$(packaging/setting.sh ID)
entry=/usr/share/applications/$id.desktop
mkdir -p "$pictures"
new_box "$inside"
packages_in "$inside" >"$scratch/packages"
installs() { within "$inside" sh -c "apt-get update -qq && apt-get install -y -qq $*" >"$scratch/apt.log" 2>&1 || {
	tail -n 20 "$scratch/apt.log" >&2
	false
}; }

check "apt installs the window, without what is only recommended" \
	installs --no-install-recommends "/root/isc-receiver_${version}_$host.deb"
packages_in "$inside" | LC_ALL=C comm -13 "$scratch/packages" - >"$scratch/installed"
echo "it brings $(($(wc -l <"$scratch/installed") - 1)) packages:" "$(grep -vx isc-receiver "$scratch/installed" | tr '\n' ' ')"

# What GLFW looks for when it starts, by the names that are in the program, must be there. Of the rest it can do without:
# another driver of OpenGL, one without a screen, Vulkan, and frames of windows on some desktops.
libraries=$(strings "$inside/usr/bin/isc-receiver" | grep -xE 'lib[A-Za-z0-9-]+\.so(\.[0-9]+)+' | sort -u |
	grep -vE '^lib(OSMesa|vulkan|decor|GLESv1_CM|OpenGL)')
[ "$(echo "$libraries" | wc -l)" -gt 8 ] || fail "the program names too few libraries to be true: $libraries"
for library in $libraries; do
	check "$library is there" sh -c "ls '$inside'/usr/lib/*/'$library' >/dev/null"
done

check "apt installs what is recommended, too" installs ffmpeg libdecor-0-0
check "apt installs what starts desktop entries" installs --no-install-recommends libglib2.0-bin shared-mime-info desktop-file-utils
check "its icon is there in all sizes" test "$(find "$inside/usr/share/icons/hicolor" -name "$id.*" | wc -l)" = 10
for type in application/vnd.tcpdump.pcap application/x-pcapng; do
	check "$type opens with it" sh -c "printf '%s' \"\$1\" | grep -q '$id'" - "$(within "$inside" gio mime "$type")"
done
within "$inside" useradd --create-home clerk

Xvfb -displayfd 3 -screen 0 1400x900x24 -nolisten tcp 3>"$scratch/display" 2>"$scratch/xvfb.log" &
started="$! ${started:-}"
wait_for 10 test -s "$scratch/display"
DISPLAY=:$(cat "$scratch/display")
export DISPLAY
openbox >"$scratch/openbox.log" 2>&1 &
started="$! $started"

# as_clerk COMMAND... runs a command as an ordinary user before the display, until it is ended.
as_clerk() {
	$nspawn --as-pid2 --directory="$inside" --user=clerk --setenv="DISPLAY=$DISPLAY" --setenv=HOME=/home/clerk \
		--chdir=/home/clerk --bind-ro=/tmp/.X11-unix "$@" </dev/null >"$scratch/window.log" 2>&1 &
	window_program=$!
	started="$window_program $started"
	wait_for 30 xdotool search --onlyvisible --name '^ISC Receiver$'
	window=$(xdotool search --onlyvisible --name '^ISC Receiver$' | tail -n 1)
}

picture() { import -window root "$pictures/$1" && echo "a picture of it: $pictures/$1"; }

end_window() {
	kill "$window_program"
	sleep 1
	kill "$window_program" 2>/dev/null || true # a second time, to those who wait for a container to end by itself
	wait "$window_program" || true
	wait_for 10 sh -c "! xdotool search --onlyvisible --name '^ISC Receiver$'"
}

echo "-- from the desktop entry"
as_clerk sh -c "gio launch $entry; sleep 600" # which ends before the program that it starts
class=$(xprop -id "$window" WM_CLASS)
wanted=$(sed -n 's/^StartupWMClass=//p' "$inside$entry")
check "its window is known as its desktop entry says: $wanted" sh -c "printf '%s' '$class' | grep -qF '\"$wanted\"'"
check "its window has an icon" sh -c "xprop -id $window _NET_WM_ICON | grep -q 'Icon ('"
sleep 3
picture set-up.png
end_window

echo "-- the demonstration, by the action of the same entry"
action=$(sed -n '/^\[Desktop Action demo\]/,$s/^Exec=//p' "$inside$entry")
# shellcheck disable=SC2086  # a command and its arguments
as_clerk $action
sleep 12
picture demonstration.png
colours=$(import -window "$window" png:- | convert - -format '%k' info:)
check "there is a picture in it: $colours colours" test "$colours" -gt 5000
end_window

check "apt purges it" within "$inside" apt-get purge -y -qq isc-receiver
left=$(cd "$inside" && find usr etc var/lib -xdev \( -name '*isc-receiver*' -o -name "*$id*" \) ! -path 'var/lib/dpkg/*' \
	! -path 'var/lib/systemd/*')
check "nothing of it is left" test -z "$left"
