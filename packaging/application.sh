#!/bin/sh
# Packages the window program as an application of this system, with Fyne's own tool: an archive for Linux, .app for
# macOS, .exe for Windows. For Debian and Ubuntu the packages of deb.sh are better.
# usage: application.sh linux|darwin|windows [PROGRAM]
#        writes into the current folder; PROGRAM is one that was built already
set -eu
here=$(cd "$(dirname "$0")" && pwd)
GO=${GO:-go}
system=${1:?usage: application.sh linux|darwin|windows [PROGRAM]}

[ -s "$here/../webassets/dist/index.html" ] || {
	echo "application.sh: the page is not built, so that the program would not have it: make web" >&2
	exit 1
}
tool=$(mktemp -d)
trap 'rm -rf "$tool"' EXIT
"$GO" build -C "$here/fyne" -o "$tool/fyne" fyne.io/tools/cmd/fyne
"$tool/fyne" package --target "$system" --source-dir "$here/../cmd/isc-receiver" ${2:+--executable "$(realpath "$2")"} \
	--icon "$here/../$("$here/setting.sh" Icon)" --name "$("$here/setting.sh" Name)" --app-id "$("$here/setting.sh" ID)" \
	--app-version "$("$here/setting.sh" Version)" --app-build "$("$here/setting.sh" Build)" --release
