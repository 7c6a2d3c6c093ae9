#!/bin/sh
# Prints who has the copyright of a program, in the format of Debian: of its own text, of each Go module that is in it, of
# Go itself, and of what is in the page.
# usage: copyright.sh PROGRAM
set -eu
cd "$(dirname "$0")/.."
GO=${GO:-go}
program=${1:?usage: copyright.sh PROGRAM}

# text FILE... prints texts as the value of a field. The one that every Debian system has is named in place of being
# repeated.
text() {
	cat "$@" | tr -d '\r\f' | sed -e '/^ *Apache License$/,/END OF TERMS AND CONDITIONS/c\
The Apache License, version 2.0, is in /usr/share/common-licenses/Apache-2.0.' \
		-e 's/[[:space:]]*$//' | sed -e 's/^$/./' -e 's/^/ /'
}

# part NAME FOLDER prints what the files in a folder say about a part.
part() {
	files=$(find "$2" -maxdepth 4 -type f \( -iname 'licen[cs]e*' -o -iname 'copying*' -o -iname 'notice*' \) \
		! -iname '*.go' | LC_ALL=C sort)
	[ -n "$files" ] || {
		echo "copyright.sh: $1 has no text of a licence in $2" >&2
		exit 1
	}
	# shellcheck disable=SC2086  # these names have no spaces
	holders=$(sed -n 's/^[[:space:]]*\(Portions \)\?Copyright[: ]*\(([cC])\|©\)\? *\([0-9].*\)/\3/p' $files | tr -d '\r' | sort -u)
	printf '\nFiles: %s/*\nCopyright:\n%s\nLicense: %s\n' "$1" \
		"$(printf '%s\n' "${holders:-the authors of $1}" | sed 's/^/ /')" "licence-of-$(printf %s "$1" | tr '/@' '--')"
	# shellcheck disable=SC2086
	text $files
}

cat <<END
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: ISC Receiver
Source: $(packaging/setting.sh Website)

Files: *
Copyright: $(sed -n 's/^Copyright (c) //p' LICENSE)
License: Expat
$(sed 1,4d LICENSE | text)
END
part go "$("$GO" env GOROOT)/LICENSE"
"$GO" version -m "$program" | awk '$1 == "dep" || $1 == "=>" { print $2 }' | while read -r module; do
	part "$module" "$("$GO" list -m -f '{{.Dir}}' "$module")"
done
for module in hls.js @svta/cml-id3 @svta/cml-utils eventemitter3 url-toolkit; do
	part "$module" "webassets/node_modules/$module"
done
