# What can be seen without installing the packages. It is sourced by package-test.sh.
# shellcheck shell=sh disable=SC2154  # box.sh has set the rest

check "lintian finds no error and no warning" lintian --allow-root --fail-on error,warning build/*_"$version"_*.deb

dpkg-deb -x "build/isc-receiver_${version}_$host.deb" "$scratch/window"
check "the desktop entry is valid" desktop-file-validate "$scratch"/window/usr/share/applications/*.desktop
check "the AppStream data are valid" appstreamcli validate --no-net "$scratch"/window/usr/share/metainfo/*.xml
program="$scratch/window/usr/bin/isc-receiver"
readelf -hdlW "$program" >"$scratch/elf"
for wanted in 'Type: *DYN' GNU_RELRO BIND_NOW; do
	check "the window program has $wanted" grep -q "$wanted" "$scratch/elf"
done

packaging/deb.sh "$scratch/again" >/dev/null
for package in "$scratch"/again/*.deb; do
	check "a second build of ${package##*/} has the same bytes" cmp "$package" "build/${package##*/}"
done

for package in build/*_"$version"_*.deb; do
	printf '%s: %s bytes, %s KiB when it is installed; depends on: %s\n' "${package##*/}" "$(stat -c %s "$package")" \
		"$(dpkg-deb -f "$package" Installed-Size)" "$(dpkg-deb -f "$package" Depends)"
done
