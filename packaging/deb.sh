#!/bin/sh
# Builds the Debian packages. What each holds besides its program lies in packaging/deb, as it is to be installed.
# The same commit gives the same bytes.
# usage: deb.sh FOLDER [PACKAGE...]
#        VERSION  another version than that of FyneApp.toml, for tests of an upgrade
set -eu
cd "$(dirname "$0")/.."
GO=${GO:-go}
folder=${1:?usage: deb.sh FOLDER [PACKAGE...]}
shift
[ $# -gt 0 ] || set -- isc-receiver isc-receiverd isc-rig

VERSION=${VERSION:-$(packaging/setting.sh Version)}
homepage=$(packaging/setting.sh Website)
id=$(packaging/setting.sh ID)
maintainer="ISC Receiver contributors <isc-receiver@users.noreply.github.com>"
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH VERSION
host=$(dpkg --print-architecture)
module=github.com/isc-receiver/isc-receiver
set_version="-X $module/app.Version=$VERSION -X $module/internal/rig.Version=$VERSION"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$folder"

[ -s webassets/dist/index.html ] || {
	echo "deb.sh: the page is not built, so that the programs would not have it: make web" >&2
	exit 1
}

# build_window PROGRAM FILE: with the C libraries of this machine, at a random address, and with nothing to overwrite.
build_window() {
	CGO_ENABLED=1 CGO_CFLAGS="-O2 -fstack-protector-strong -D_FORTIFY_SOURCE=2" "$GO" build -trimpath -buildvcs=false \
		-buildmode=pie -tags gles -o "$2" \
		-ldflags "-s -w -linkmode=external '-extldflags=-Wl,-z,relro,-z,now' $set_version" "./cmd/$1"
}

# build_static PROGRAM FILE ARCHITECTURE: one file that needs nothing else.
build_static() {
	case $3 in
	armhf) goarch=arm ;;
	*) goarch=$3 ;;
	esac
	CGO_ENABLED=0 GOOS=linux GOARCH=$goarch GOARM=7 "$GO" build -trimpath -buildvcs=false -o "$2" \
		-ldflags "-s -w $set_version" "./cmd/$1"
}

# linked FILE prints the packages of the libraries that a program is linked with.
linked() {
	mkdir -p "$scratch/linked/debian"
	printf 'Source: linked\n\nPackage: linked\nArchitecture: any\n' >"$scratch/linked/debian/control"
	file=$(realpath "$1")
	(cd "$scratch/linked" && dpkg-shlibdeps -O "$file") | sed -n 's/^shlibs:Depends=//p'
}

# fill FILE... replaces what stands between @ signs.
fill() {
	sed -i -e "s|@PACKAGE@|$package|g" -e "s|@NAME@|${package%d}|g" -e "s|@VERSION@|$VERSION|g" \
		-e "s|@ARCHITECTURE@|$architecture|g" -e "s|@MAINTAINER@|$maintainer|g" -e "s|@HOMEPAGE@|$homepage|g" \
		-e "s|@DAY@|$(date -u -d "@$SOURCE_DATE_EPOCH" +%F)|g" "$@"
}

# manuals PROGRAM: man pages and completions, which are made by a program that this machine can run. The page on settings
# is in two packages, which may both be installed, so that of the window has a name of its own; `man` finds either.
manuals() {
	made="$scratch/manuals-$package"
	rm -rf "$made"
	packaging/manuals.sh "$made" "$1"
	case $package in
	isc-receiver) sed 's/^\.Dt \(.*\) 5$/.Dt \1 5w/' "$made/man/isc-receiver.toml.5" >"$made/man/isc-receiver.toml.5w" &&
		rm "$made/man/isc-receiver.toml.5" ;;
	isc-rig) rm "$made/man/isc-receiver.toml.5" ;;
	esac
	for page in "$made"/man/*; do
		section=${page##*.}
		manual="$root/usr/share/man/man${section%w}"
		mkdir -p "$manual"
		gzip -9nc "$page" >"$manual/${page##*/}.gz"
	done
	install -D "$made/bash-completion/${1##*/}" "$root/usr/share/bash-completion/completions/$package"
}

# about: what each package says of itself.
about() {
	doc="$root/usr/share/doc/$package"
	mkdir -p "$doc"
	packaging/copyright.sh "$root/usr/bin/$package" >"$doc/copyright"
	printf '%s (%s) stable; urgency=medium\n\n  * Version %s. What is new is said at\n    %s\n\n -- %s  %s\n' \
		"$package" "$VERSION" "$VERSION" "$homepage/releases" "$maintainer" "$(date -uR -d "@$SOURCE_DATE_EPOCH")" |
		gzip -9n >"$doc/changelog.gz"
}

window_files() {
	build_window "$package" "$root/usr/bin/$package"
	manuals "$root/usr/bin/$package"
	for size in 16 22 24 32 48 64 128 256 512; do
		icons="$root/usr/share/icons/hicolor/${size}x$size/apps"
		mkdir -p "$icons"
		rsvg-convert -w "$size" -h "$size" packaging/icons/isc-receiver.svg -o "$icons/$id.png"
	done
	install -D packaging/icons/isc-receiver.svg "$root/usr/share/icons/hicolor/scalable/apps/$id.svg"
	install -D packaging/config.toml "$root/usr/share/doc/$package/examples/config.toml"
	fill "$root/usr/share/metainfo/$id.metainfo.xml"
	sed -i "s|@LINKED@|$(linked "$root/usr/bin/$package")|" "$root/DEBIAN/control"
}

service_files() {
	build_static "$package" "$root/usr/bin/$package" "$architecture"
	if [ "$architecture" = "$host" ]; then
		manuals "$root/usr/bin/$package"
	else
		build_static "$package" "$scratch/$package" "$host"
		manuals "$scratch/$package"
	fi
	cp packaging/deb/service/* "$root/DEBIAN/"
	fill "$root/DEBIAN/postinst" "$root/DEBIAN/prerm" "$root/DEBIAN/postrm"
}

# make_package PACKAGE ARCHITECTURE
make_package() {
	package=$1 architecture=$2
	root="$scratch/${package}_$architecture"
	cp -r "packaging/deb/$package" "$root"
	mkdir -p "$root/usr/bin"
	case $package in
	isc-receiver) window_files ;;
	*) service_files ;;
	esac
	if [ "$package" = isc-receiverd ]; then
		install -D packaging/config.toml "$root/etc/isc-receiver/config.toml"
		install -D packaging/nginx.conf "$root/usr/share/doc/$package/examples/nginx.conf"
	fi
	about
	(cd "$root" && find etc -type f -printf '/%p\n' 2>/dev/null | LC_ALL=C sort >DEBIAN/conffiles) || true
	[ -s "$root/DEBIAN/conffiles" ] || rm "$root/DEBIAN/conffiles"
	(cd "$root" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum >DEBIAN/md5sums)
	fill "$root/DEBIAN/control"
	sed -i "s|@SIZE@|$(du -sk --apparent-size --exclude DEBIAN "$root" | cut -f 1)|" "$root/DEBIAN/control"
	chmod -R u=rwX,go=rX "$root"
	find "$root" -type f ! -path '*/usr/bin/*' -exec chmod 644 {} +
	find "$root/DEBIAN" -name 'p*' -exec chmod 755 {} +
	find "$root" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
	dpkg-deb --root-owner-group -Zxz --threads-max=1 --build "$root" "$folder/${package}_${VERSION}_$architecture.deb"
}

for name in "$@"; do
	case $name in
	isc-rig) architectures="amd64 arm64 armhf" ;;
	*) architectures=$host ;;
	esac
	for architecture in $architectures; do
		make_package "$name" "$architecture"
	done
done
