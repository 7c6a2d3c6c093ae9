#!/bin/sh
# Makes the man pages and the completions for bash: the text from packaging/man, the flags from the programs.
# usage: manuals.sh FOLDER PROGRAM...
#        writes FOLDER/man/*.[1-8] and FOLDER/bash-completion/*; a PROGRAM is a path, and must run on this machine
set -eu
here=$(dirname "$0")
folder=${1:?usage: manuals.sh FOLDER PROGRAM...}
shift
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$folder/man" "$folder/bash-completion"

# page FILE fills in what stands between @ signs: a whole line from a file in the scratch folder, or a setting.
page() {
	sed -e "/^@FLAGS@\$/{r $scratch/flags" -e 'd}' -e "/^@SETTINGS@\$/{r $scratch/settings" -e 'd}' \
		-e "s|@VERSION@|${VERSION:-$("$here/setting.sh" Version)}|" -e "s|@HOMEPAGE@|$("$here/setting.sh" Website)|" "$1" \
		>"$folder/man/$(basename "$1")"
}

sed -e 's/\\/\\e/g' -e "s/^[.']/\\\\\&&/" "$here/config.toml" >"$scratch/settings"
page "$here/man/isc-receiver.toml.5"
for program in "$@"; do
	name=$(basename "$program")
	"$program" --print-man >"$scratch/flags"
	page "$here/man/$name".[1-8]
	"$program" --print-bash >"$folder/bash-completion/$name"
done
