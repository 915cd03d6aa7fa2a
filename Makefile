# The commands of this repository. They need Go, Node with npm, and make; a C compiler, where
# there is one, switches on the race detector.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c

GO       ?= go
FUZZTIME ?= 5m
METAMORPHIC ?= 10m
SOAK     ?= 30m
RACE     := $(if $(shell command -v $${CC:-gcc} 2>/dev/null),-race)
WASM     := GOOS=js GOARCH=wasm
TOOLS    := bin/tools
BIN      ?= bin
BUILD    ?= build
WRANGLER := WRANGLER_SEND_METRICS=false npx wrangler

# VERSION is the release that this tree is, or becomes. COMMIT is what of the history it is; programs show both,
# such as 1.2.3+1ca5d04f2a11. A tree without its history has no commit, unless COMMIT is set.
VERSION  := $(shell cat VERSION)
COMMIT   ?= $(shell git describe --always --dirty --abbrev=12 --exclude='*' 2>/dev/null)
LABEL     = $(VERSION)$(addprefix +,$(COMMIT))

# PIE are the platforms of cmd/edgeframe/static_pie_*.s. IS_PIE is empty if build is for another one.
PIE      := linux/amd64 linux/arm64
IS_PIE    = $(filter $(PIE),$(shell export GOOS=$(GOOS) GOARCH=$(GOARCH); echo $$($(GO) env GOOS)/$$($(GO) env GOARCH)))
# EXE is what the name of a program ends with there.
EXE       = $(shell GOOS=$(GOOS) $(GO) env GOEXE)

# PACKAGES are all packages. OUTSIDE are those whose tests only speak with other processes: servers,
# workerd, browsers. They run without the race detector, and the servers that they start have it (see
# SERVER_RACE); workerd runs the Worker in one thread. LONG are the others that take longest. They
# start first, so that no long one is alone in the end. SERIAL are packages that start no goroutine, and import none
# that does. They run without the race detector, which would find nothing there and takes ten times as long.
# COMPARED are the tests of other packages that compare tables with another program, or damage a file byte by byte. They
# run without it too: the other tests of these packages run the same code with it.
PACKAGES  = $(shell $(GO) list ./...)
OUTSIDE  := conformance edge deploy examples/worker-hello web/client web/console kv/workerskv kv/durableobjects
LONG     := session kv/disk native frame cmd/edgeframe api kv/redis codec/parquet session/metamorphic codec/delimited
SERIAL   := codec/arrowipc codec/compress codec/scalar codec/segment codec/xlsx internal/archtest
COMPARED := Pandas|Hyparquet|TestRefusalsAreNotALibrarys|TestHostileParquetFilesAreRefused|TestEveryEncodingAndCompressionOfParquetIsRead|TestRowGroupsOfParquetAreCut
# WITHOUT are their packages. ORDERED are all packages, those of LONG first.
WITHOUT  := frame codec/parquet codec/delimited codec/document codec/formats/untidy
ORDERED   = $(addprefix edgeframe/,$(LONG)) $(filter-out $(addprefix edgeframe/,$(LONG)),$(PACKAGES))

# DIFFERENT are the packages of which the two builds compile different files, tests left out.
files     = $(GO) list -f '{{.ImportPath}} {{.GoFiles}}' ./... | LC_ALL=C sort
DIFFERENT = $(shell LC_ALL=C comm -13 <($(files)) <($(WASM) $(files)) | cut -d' ' -f1)

# SLOW are the packages whose tests need other programs (redis-server, pandas, npm, a browser) or
# minutes. PROGRAMS are the tests of other packages that need one.
SLOW     := cmd/% conformance edge deploy examples/% kv/disk kv/redis kv/workerskv kv/durableobjects internal/testenv codec/delimited codec/parquet codec/xlsx session/metamorphic attack web/client web/console
PROGRAMS := Pandas|OnRedis|ToRedis|AKeyOfAnotherType|Cookbook

.PHONY: run build console release build-edge worker dev-edge deploy-edge check test test-conformance test-inside test-serial test-edge redis-server systemd promtool chromium pandas clients lint lint-code lint-files generate modules bench bench-edge bench-peers peers fuzz metamorphic soak clean

# run starts the server with the settings of the environment and of .env.
run: build
	$(BIN)/edgeframe

# build makes a static program in BIN, which needs nothing else on its machine. The licences go with it.
# On the platforms of PIE it is position-independent too, so that each start has other addresses. Go
# makes such programs for an interpreter only, or with C, whose allocator Pebble would use. So the
# program relocates itself, and staticpie takes the interpreter out. The interpreter has a name that no
# machine has, so that a program that staticpie has refused does not start.
build: console
	CGO_ENABLED=0 $(GO) build $(if $(IS_PIE),-buildmode=pie) -trimpath -buildvcs=false -ldflags '-s -w -X main.version=$(LABEL) $(if $(IS_PIE),-E _static_pie_linux -I /none)' -o $(BIN)/edgeframe$(EXE) ./cmd/edgeframe
	@$(if $(IS_PIE),GOOS=$$($(GO) env GOHOSTOS) GOARCH=$$($(GO) env GOHOSTARCH) $(GO) run ./internal/staticpie $(BIN)/edgeframe)
	@cp LICENSE THIRD_PARTY_LICENSES $(BIN)/

# console builds the page that the program embeds, if something of it has changed. It needs Node with npm. Without
# them, or without the packages of npm, the page says how to build it.
console:
	@if ! command -v npm >/dev/null; then echo "There is no npm here, so the console is not built."; \
		elif ! $(MAKE) --no-print-directory --silent $(CONSOLE); then echo "The console could not be built."; fi >&2

CONSOLE := console/dist/index.html.gz

$(CONSOLE): node_modules $(shell find web/client/src web/console -type f -not -path 'web/console/dist/*' -not -name '*_test.go' 2>/dev/null)
	npm run --silent build -w web/console

# release makes everything of a release in BIN/release, twice, in two folders; both must have the same bytes.
release: node_modules
	.ci/release $(BIN)/release

# build-edge makes what edge/worker.mjs imports: the JavaScript of the Go runtime and the program; and the assets,
# the page /docs and the console.
# It writes their sizes to SIZE, which edge/budget.txt bounds. TAGS are build tags more. noasm and tinygo are for
# Arrow: Go is the compiler, but with the second tag Arrow has no JSON library of its own, which is 3 MB and a part of
# each cold start.
build-edge: worker
	@printf 'raw %d\ngzip %d\n' $$(wc -c <$(BUILD)/app.wasm) $$(gzip -9 -c $(BUILD)/app.wasm | wc -c) >$(BUILD)/SIZE
	@cat $(BUILD)/SIZE

# worker is build-edge without the sizes; wrangler.toml has it.
worker: console
	@install -D -m 644 $$($(GO) env GOROOT)/lib/wasm/wasm_exec.js $(BUILD)/wasm_exec.js
	$(WASM) $(GO) build -tags noasm,tinygo,$(TAGS) -trimpath -buildvcs=false -ldflags '-s -w -X main.version=$(LABEL)' -o $(BUILD)/app.wasm ./cmd/worker
	$(GO) run -trimpath ./internal/docsassets $(BUILD)/assets console/dist

# dev-edge runs the Worker on this machine, with Workers KV on its disk; PORT is 8787 unless it is
# set.
dev-edge: node_modules
	$(WRANGLER) dev --port $${PORT:-8787}

# deploy-edge puts the Worker into your account at Cloudflare. DEPLOY are options more, such as --dry-run.
deploy-edge: node_modules
	$(WRANGLER) deploy $(DEPLOY)

# check is what to run before each commit: it takes a minute and a half, installs nothing, and needs Go
# alone. It is not all of test. Vet is a part of lint. What is LONG starts first here too.
check: lint
	$(GO) test -vet=off -ldflags='-s -w' -skip '$(PROGRAMS)|$(COMPARED)' $(filter-out $(addprefix edgeframe/,$(SLOW)),$(ORDERED))

# test checks everything. It installs what it needs, on Debian, and takes about 25 minutes. The
# tests of memory and CPU measure times, so no other package is tested beside them.
test: node_modules redis-server systemd promtool chromium pandas clients lint console
	node .ci/openapi.mjs
	@$(MAKE) --no-print-directory -k -j2 test-conformance test-inside test-edge test-serial
	$(TEST) ./attack

# TEST tests packages. Programs without a symbol table are linked sooner. A program with the race detector sleeps
# for a second before it ends, unless atexit_sleep_ms says otherwise.
TEST = MAKEFLAGS= GORACE=atexit_sleep_ms=10 $(GO) test -vet=off -ldflags='-s -w' -timeout 30m

# Two of these run at a time: conformance takes about as long as the others together. The packages of test-edge
# wait for other processes, so they are taken one at a time.
test-conformance:
	SERVER_RACE=$(RACE) $(TEST) ./conformance

test-edge:
	SERVER_RACE=$(RACE) $(TEST) -p 1 $(addprefix ./,$(filter-out conformance,$(OUTSIDE)))

test-inside:
	$(TEST) $(RACE) $(if $(RACE),-skip '$(COMPARED)') $(filter-out $(addprefix edgeframe/,$(OUTSIDE) $(SERIAL) attack),$(ORDERED))

test-serial:
	$(TEST) $(addprefix ./,$(SERIAL))
	$(if $(RACE),$(TEST) -run '$(COMPARED)' $(addprefix ./,$(WITHOUT)))

# node_modules has Node 22 too, which npx finds: wrangler needs it, and the machine may have Node 20. That
# this one is too old for wrangler is what npm would warn of.
node_modules: package.json package-lock.json
	npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch node_modules

# redis-server installs the server if the machine has none; the tests start their own.
redis-server:
	@.ci/packages redis-server=redis-server

# promtool installs the tool that checks alerts, if the machine has none. The server comes with it.
promtool:
	@.ci/packages promtool=prometheus

# systemd installs what checks the unit in deploy; it does not run as a service.
systemd:
	@.ci/packages systemd-analyze=systemd

# chromium installs the browser if the machine has none.
chromium:
	@.ci/packages chromium=chromium

# pandas installs what operations and workbooks are compared with, if the machine has none.
pandas:
	@/usr/bin/python3 -c 'import pandas, openpyxl, requests' 2>/dev/null || python3 -c 'import pandas, openpyxl, requests' 2>/dev/null \
		|| .ci/packages pandas=python3-pandas openpyxl=python3-openpyxl requests=python3-requests

# clients installs what the examples of docs/clients.md use, besides pandas and Chromium: R, and
# packages of npm, which are too large for node_modules.
clients: bin/clients/node_modules
	@Rscript -e 'library(httr2); library(jsonlite)' >/dev/null 2>&1 || .ci/packages httr2=r-cran-httr2 jsonlite=r-cran-jsonlite

bin/clients/node_modules: docs/clients/package.json docs/clients/package-lock.json
	@mkdir -p bin/clients
	@cp docs/clients/package.json docs/clients/package-lock.json bin/clients/
	cd bin/clients && npm ci --ignore-scripts --no-audit --no-fund
	@touch bin/clients/node_modules

# lint checks both builds. The tools run here, whatever they check, so they are built first:
# "go tool" would build them for the target. Staticcheck finds in a package what it finds in its files,
# so it looks at the files that both builds have once. The scripts wait for one go list after another, and run beside it.
lint: $(TOOLS)
	@$(MAKE) --no-print-directory -k -j2 lint-code lint-files

lint-code: $(TOOLS)
	@unformatted=$$($(TOOLS)/gofumpt -l $(filter-out bin/ node_modules/,$(wildcard */))); \
		if [ -n "$$unformatted" ]; then echo "not formatted with gofumpt:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(WASM) $(GO) vet ./...
	$(WASM) $(GO) vet -tags faults ./worker
	$(WASM) $(GO) vet -tags stock ./worker
	$(TOOLS)/staticcheck ./...
	$(WASM) $(TOOLS)/staticcheck $(DIFFERENT)

lint-files:
	.ci/generated
	.ci/modules
	.ci/licenses

$(TOOLS): go.mod
	$(GO) build -o $(TOOLS)/ mvdan.cc/gofumpt honnef.co/go/tools/cmd/staticcheck
	@touch $(TOOLS)

generate:
	$(GO) generate ./...

# modules writes the lists of the modules that each build links, and their licences, which lint
# compares.
modules:
	.ci/modules -w
	.ci/licenses -w

# bench measures the parts, and then the server from the outside.
bench: node_modules redis-server pandas
	$(GO) test -run '^$$' -bench . -benchmem ./...
	$(GO) run ./bench

# bench-edge measures the Worker against the stock runtime and against JavaScript.
bench-edge: node_modules
	$(GO) run ./bench -edge

# bench-peers measures the server beside DuckDB, Polars, pandas, a service of the predecessor's design, webdis, nginx
# and net/http, in turns, for about ten minutes. JSON, if set, is a file for the results.
bench-peers: node_modules redis-server pandas peers
	$(GO) run ./bench -peers -each 2s $(if $(JSON),-json '$(JSON)')

# POLARS are the packages of Polars. npm would leave the second one out on Node 20, with which it works.
POLARS := nodejs-polars@0.26.1 nodejs-polars-linux-x64-gnu@0.26.1

# peers installs what bench-peers needs besides.
peers: bin/peers/node_modules
	@{ /usr/bin/python3 -c 'import fastapi, uvicorn, redis' || python3 -c 'import fastapi, uvicorn, redis'; } 2>/dev/null \
		|| .ci/packages fastapi=python3-fastapi python3-uvicorn=python3-uvicorn python3-redis=python3-redis
	@PATH=$$PATH:/usr/sbin .ci/packages webdis=webdis nginx=nginx-light

bin/peers/node_modules: Makefile
	@mkdir -p bin/peers
	npm install --prefix bin/peers --no-package-lock --omit=optional --ignore-scripts --no-audit --no-fund --loglevel=error $(POLARS)
	@touch bin/peers/node_modules

# fuzz runs every fuzz target of every package, one after the other, FUZZTIME each.
fuzz:
	@for package in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' $$package | sed -n '/^Fuzz/p'); do \
			echo "== $$package $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzzminimizetime 10x -fuzztime $(FUZZTIME) $$package; \
		done; \
	done

# metamorphic runs random sequences of session operations against a model, for METAMORPHIC in
# all. One that fails is shrunk and printed; session/metamorphic says how to run it again.
metamorphic: redis-server
	$(GO) test -v -count 1 -timeout 0 -run '^TestSequences' ./session/metamorphic -metamorphic.for $(METAMORPHIC)

# soak loads a server on each backend with many kinds of requests for SOAK, kills, restarts and
# pauses them, and prints what they took. It fails if anything acknowledged is lost, or if memory or
# descriptors grow. Then clients repeat 10,000 changes whose answers are lost; each must be made once.
# Then workerd is killed 50 times under load. Masters behind Sentinel and of a Cluster are killed, paused and replaced
# in order, 50 times each. Then Redis behind Sentinel is killed, paused, replaced, full, and has another password in turn,
# for SOAK. The whole conformance suite runs on Sentinel and Cluster. A server is killed 50 times while it moves sessions
# to Redis.
soak: redis-server
	$(GO) test -v -count 1 -timeout 0 -run '^TestSoak$$|^TestNoAcknowledgedChangeIsLostWhenRedisFailsOver$$|^TestChangesAreMadeOnceWhenAnswersAreLost$$|^TestFollowersStayWhileTheirObjectSleeps$$|^TestNoChangeIsLostWhenWorkerdIsKilled$$|^TestNothingIsLostThroughEveryFaultOfRedis$$' ./conformance -soak $(SOAK) -faults $(SOAK) -lost 10000 -kills 50 -failovers 50
	$(GO) test -count 1 -timeout 0 -run '^TestNativeServerOnCluster$$|^TestNativeServerBehindSentinel$$' ./conformance -everywhere
	$(GO) test -v -count 1 -timeout 0 -run '^TestNoChangeIsLostWhenTheServerIsKilledWhileItMovesSessions$$' ./cmd/edgeframe -movekills 50

clean:
	rm -rf bin node_modules
