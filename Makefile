# What can be done here. `make` alone prints it. Longer work is in packaging/*.sh.

GO ?= go
FUZZTIME ?= 20s
SEGMENTS ?= 1000000
FLOODTIME ?= 60s
VIEWERS ?= 700
VERSION := $(shell packaging/setting.sh Version)
MODULE := github.com/isc-receiver/isc-receiver
LDFLAGS := -X $(MODULE)/app.Version=$(VERSION) -X $(MODULE)/internal/rig.Version=$(VERSION)
PAGE := webassets/dist/index.html
LINTER := bin/golangci-lint

export GO

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## install what is missing, build, and start the demonstration: the window, or the daemon without a display
	packaging/system-packages.sh build run
	@$(MAKE) --no-print-directory programs
	@if bin/isc-receiver --probe-display 2>/dev/null; then exec bin/isc-receiver --demo; fi; \
	echo "There is no display that works, so this is the daemon, without the window."; exec bin/isc-receiverd run --demo

test: ## install what is missing and run all tests with the race detector, browser, nginx and window tests included
	packaging/system-packages.sh build run test
	@$(MAKE) --no-print-directory programs
	packaging/test.sh

check: $(PAGE) $(LINTER) ## what a change must pass: format, vet, lint, the quick tests, 20 s of each fuzz target
	packaging/check.sh

fuzz: ## each fuzz target for FUZZTIME=20s
	packaging/fuzz.sh $(FUZZTIME)

soak: ## the long tests: SEGMENTS=1000000 in random streams, and two hours of one stream
	packaging/soak.sh $(SEGMENTS)

hostile: ## the daemon under 10,000 forged datagrams a second for FLOODTIME=60s: losses, processor time, memory
	packaging/hostile.sh $(FLOODTIME)

bench: ## all benchmarks
	$(GO) test -tags ci -run '^$$' -bench . -benchmem ./...

bench-rig: ## the rig sending video of 8 Mb/s for ISC_RIG_SPAN=30s: processor time and memory
	$(GO) test -run '^$$' -bench Send -benchtime 1x ./cmd/isc-rig

bench-channels: ## 50 rigs of 1 Mb/s at once, for 20 s: processor time and what is lost
	$(GO) test -tags ci -run '^$$' -bench Channels -benchtime 1x ./app

bench-links: ## what no coding, fixed and adaptive coding make of bad links, in virtual time: losses, latency, bytes
	$(GO) test -tags ci -run '^$$' -bench Links -benchtime 1x ./internal/linkbench

bench-viewers: ## VIEWERS=700 at once over TLS, 500 that stall, 2,000 half-open connections; then through nginx
	packaging/viewers.sh $(VIEWERS)

programs: $(PAGE) ## the programs, into bin/
	CGO_ENABLED=0 $(GO) build -ldflags '$(LDFLAGS)' -o bin/ ./cmd/isc-receiverd ./cmd/isc-rig
	$(GO) build -tags gles -ldflags '$(LDFLAGS)' -o bin/ ./cmd/isc-receiver

deb: $(PAGE) ## the Debian packages, into build/
	packaging/system-packages.sh build deb
	packaging/deb.sh build

package-test: deb ## as root: the packages in a clean Debian 12: install, upgrade while receiving, remove, purge
	packaging/system-packages.sh build deb package
	packaging/package-test.sh

web: $(PAGE) ## the browser page, into webassets/dist, from where the programs embed it

screenshots: ## the pictures in docs/images, of the window under Xvfb and of the page in Chromium
	packaging/system-packages.sh build run test
	@$(MAKE) --no-print-directory programs
	packaging/screenshots.sh

clean: ## remove what was built
	rm -rf bin build webassets/node_modules
	find webassets/dist -mindepth 1 ! -name .gitkeep -delete

$(PAGE): webassets/package-lock.json webassets/build.mjs $(shell find webassets/src -type f)
	@command -v npm >/dev/null || { echo "The page is built by npm: install Node.js 18 or newer." >&2; exit 1; }
	cd webassets && npm ci --ignore-scripts --no-audit --no-fund && npm run build
	@touch $@

$(LINTER): packaging/tools/go.mod packaging/tools/go.sum
	$(GO) build -C packaging/tools -o ../../$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

.PHONY: help run test check fuzz soak hostile bench bench-rig bench-channels bench-viewers bench-links programs deb package-test web screenshots clean
