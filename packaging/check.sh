#!/bin/sh
# What a change must pass before it is committed. `make check` builds the page and the linter and then calls this.
# usage: check.sh
set -eu
cd "$(dirname "$0")/.."
GO=${GO:-go}

# step TITLE COMMAND... runs a command and says how long it took.
step() {
	title=$1
	shift
	printf '\n== %s\n' "$title"
	began=$(date +%s)
	"$@"
	printf -- '-- %s: %d s\n' "$title" "$(($(date +%s) - began))"
}

scripts() {
	command -v shellcheck >/dev/null 2>&1 || [ -n "${CI:-}" ] || {
		echo "shellcheck is not installed; skipped"
		return
	}
	git ls-files -z '*.sh' .ci/run packaging/deb/service | xargs -0 shellcheck
}

vet() {
	# Without the tag ci, the window's packages need a C compiler and the headers of X11.
	# shellcheck disable=SC2046  # the list is meant to split into words
	"$GO" vet $("$GO" list ./... | grep -v -e '/gui' -e '/cmd/isc-receiver$')
	"$GO" vet -tags ci,browser,nginx,window ./...
}

# What needs no C compiler of theirs: on Windows all, with a driver in place of the window; on macOS the library wants C
# for that, too, so the programs without a window, and the packages below the window.
other_systems() {
	for system in windows darwin; do
		packages=$("$GO" list -tags ci ./...)
		[ $system = windows ] || packages=$(echo "$packages" | grep -v -e '/gui$' -e '/cmd/isc-receiver$')
		# shellcheck disable=SC2086  # the list is meant to split into words
		CGO_ENABLED=0 GOOS=$system "$GO" vet -tags ci $packages
		for program in isc-receiverd isc-rig; do
			[ ! -d "cmd/$program" ] || CGO_ENABLED=0 GOOS=$system "$GO" build -o /dev/null "./cmd/$program"
		done
	done
}

# What the packages hold besides programs, as far as it can be looked at before they are built.
packages() {
	for tool in desktop-file-validate appstreamcli systemd-analyze; do
		command -v "$tool" >/dev/null 2>&1 || [ -n "${CI:-}" ] || {
			echo "$tool is not installed; skipped"
			return
		}
	done
	desktop-file-validate packaging/deb/isc-receiver/usr/share/applications/*.desktop
	metainfo=$(mktemp -d)
	sed -e "s|@HOMEPAGE@|$(packaging/setting.sh Website)|" -e 's|@VERSION@|1.0|' -e 's|@DAY@|2026-01-01|' \
		packaging/deb/isc-receiver/usr/share/metainfo/*.xml >"$metainfo/filled.metainfo.xml"
	status=0
	appstreamcli validate --no-net "$metainfo/filled.metainfo.xml" || status=$?
	rm -r "$metainfo"
	for unit in packaging/deb/*/usr/lib/systemd/system/*.service; do
		rating=$(systemd-analyze security --offline=yes --threshold=15 --no-pager "$unit") || status=1
		printf '%s\n' "$rating" | tail -n 1
	done
	return "$status"
}

# What is committed or staged must build by itself, without npm and without a C compiler.
fresh_clone() {
	fresh=$(mktemp -d)
	git checkout-index --all --prefix="$fresh/"
	status=0
	(cd "$fresh" && CGO_ENABLED=0 "$GO" build -o "$fresh/isc-receiverd" ./cmd/isc-receiverd) || status=$?
	rm -rf "$fresh"
	return "$status"
}

step "format" bin/golangci-lint fmt --diff
step "modules" "$GO" mod tidy -diff
step "scripts" scripts
step "packages" packages
step "vet" vet
step "other systems" other_systems
step "lint settings" bin/golangci-lint config verify
step "lint" bin/golangci-lint run
step "fresh clone" fresh_clone
step "page" npm --prefix webassets test
step "tests" "$GO" test -race -tags ci -timeout 30m ./...
step "fuzz" packaging/fuzz.sh 20s
printf '\nAll checks passed.\n'
