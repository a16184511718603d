# viamillipede: everything here needs only Go, except that the race detector needs a C compiler.

PREFIX      ?= /usr/local
DESTDIR     ?=
FUZZRUNS    ?= 100000
STATICCHECK ?= v0.8.2
CLANG       ?= 14
LAB         ?= .*

# git archive fills in the file; in a clone it begins with a dollar sign, and git says what this is.
VERSION := $(or $(shell awk '!/^[$$]/ { print $$1 }' tools/packages/version),$(shell git describe --tags --always --dirty 2>/dev/null),devel)
PROGRAM := bin/viamillipede

# The packages whose code runs in parallel; the race detector checks these.
RACED := ./engine/... ./bufpool/... ./netio/... ./bench/run

.DEFAULT_GOAL := help
.PHONY: help build demo test faults race lab fuzz bench bench-quick bench-growth bench-many bench-sidechain bench-gate lint generated completions screenshots packages packages-check recipes install clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# -s -w leaves out symbols and debug data. The version comes from git describe, since vcs stamping fails in unusual clones.
build: ## the static program, bin/viamillipede
	CGO_ENABLED=0 go build -buildvcs=false -trimpath -ldflags "-s -w -X main.version=$(VERSION)" \
		-o $(PROGRAM) ./cmd/viamillipede

demo: build ## move a tar of Go's own source over 16 links of which chaos cuts many, and compare digests
	@go run ./tools/demo -program $(PROGRAM) -source "$$(go env GOROOT)/src"

# The program's own tests come last and alone: many run at a time, and they wait, within bounds, for links and peers that are gone.
# -short: the same tests with fewer seeds; each kind of run has seeds of its own. The race detector costs a factor of ten.
test: ## vet, every test, every system call made short at times, and a short run under the race detector
	go vet ./...
	go test -timeout 10m $$(go list ./... | grep -v '/cmd/viamillipede$$')
	go test -timeout 15m ./cmd/viamillipede
	@$(MAKE) --no-print-directory faults SHORT=-short
	@$(MAKE) --no-print-directory race SHORT=-short

# The build tag makes some data system calls short or interrupted (netio/internal/sys). The engine has three loops here, unless
# a test says otherwise: on two CPUs it would seldom have more than one or two.
faults: ## the engine and netio with short counts and EINTR forced on every data system call
	go vet -tags faults ./netio/...
	go test -tags faults $(SHORT) -timeout 10m ./netio ./engine ./engine/send/... ./engine/receive/...

race: ## the parallel packages under the race detector, all seeds
	@if command -v "$$(go env CC)" >/dev/null; then \
		echo "go test -race $(SHORT) -timeout 15m $(RACED)"; \
		CGO_ENABLED=1 go test -race $(SHORT) -timeout 15m $(RACED); \
	else \
		echo "race: skipped, the race detector needs a C compiler and there is none"; \
	fi

# The tests that run the program between two hosts, as in "make test", and those that run only here: they measure what a stream carries, or
# have other programs (ssh, rsync, openvpn, psql, as far as they are installed) talk through a network that breaks all the time.
# LAB=Sum, or Order, Degrade, DelayShare, Rate, SportsSum, Schedule, Compare, SSH, Rsync, OpenVPN, Postgres, Crowd, Soak, selects some. A soak
# of ten minutes rather than one: VIAMILLIPEDE_SOAK=10m make lab LAB=Soak
lab: ## long runs between two hosts made of network namespaces; needs root and about twenty minutes of a quiet machine
	VIAMILLIPEDE_LAB=long go test -count=1 -timeout 45m -v -run '^Test(P[0-9]+|Lab)($(LAB))$$' ./cmd/viamillipede

# A number of runs, and no time: before 1.27, go test may fail a target whose time is up while a run is under way.
fuzz: ## every fuzz target, FUZZRUNS (100000) times; the slow ones, which run an engine or write files, a hundredth of that
	@list=$$(go test -list '^Fuzz' ./...) || { echo "$$list"; exit 1; }; \
	echo "$$list" | awk '/^Fuzz/ { name[++n] = $$1 } /^ok/ { for (i = 1; i <= n; i++) print $$2, name[i]; n = 0 }' | \
	while read -r package target; do \
		runs=$(FUZZRUNS); \
		case "$$package $$target" in \
		*/engine\ *|*/bench/run\ *|*/cmd/viamillipede\ *|*/netio/lane\ FuzzReadBond) runs=$$((runs / 100)) ;; \
		esac; \
		echo "fuzz $$package $$target $$runs"; \
		go test -run '^$$' -fuzz "^$$target\$$" -fuzztime "$${runs}x" -fuzzminimizetime 1x "$$package" </dev/null || exit 1; \
	done

bench: build ## measure this machine against other programs, into BENCHMARKS.md and its plots; a quarter of an hour of a quiet machine
	go run ./tools/benchmarks -bin $(PROGRAM)

bench-quick: build ## the main rows of that, printed; a minute, and no file is changed
	@go run ./tools/benchmarks -quick -bin $(PROGRAM)

bench-growth: build ## what a stream costs as the work grows, into BENCHMARKS.md and its plots; ten to twelve minutes of a quiet machine
	go run ./tools/growth -bin $(PROGRAM)

bench-many: build ## what streams side by side carry, into BENCHMARKS.md; five minutes of a quiet machine
	go run ./tools/many -bin $(PROGRAM)

bench-sidechain: build ## what sidechains bring over slow paths, into BENCHMARKS.md; four minutes of a quiet machine, needs root
	go run ./tools/coded -bin $(PROGRAM)

# Less than a minute, and another one in case of doubt. GATE_BASE names a commit to compare with in place of the one before.
bench-gate: ## fail when the program is slower than that of the commit before, or needs more CPU time
	go run ./tools/gate

# Without S1016: two types of message stay separate even if their fields are the same, and are not converted into each other.
lint: ## gofmt, vet, the rules of this source tree (tools/lint), staticcheck
	@differs=$$(gofmt -l .); if [ -n "$$differs" ]; then echo "gofmt differs: $$differs"; exit 1; fi
	go vet ./...
	go run ./tools/lint
	@if GOBIN="$(CURDIR)/bin" go install honnef.co/go/tools/cmd/staticcheck@$(STATICCHECK) 2>/dev/null; then \
		echo "staticcheck $(STATICCHECK) ./..."; bin/staticcheck -checks inherit,-S1016 ./...; \
	else \
		echo "staticcheck: skipped, $(STATICCHECK) is not available here"; \
	fi

# Other versions of clang make different objects from the same sources.
generated: completions ## the committed BPF objects and completions are those of their sources
	git diff --exit-code -- tools/packages/completions
	@case "$$(clang --version 2>/dev/null)" in \
	*"version $(CLANG)."*) echo "go generate ./netio/..."; go generate ./netio/... && git diff --exit-code -- '*_bpfel.go' '*_bpfel.o' ;; \
	*) echo "generated: not checked, the BPF objects are made with clang $(CLANG), which is not here" ;; \
	esac

completions: build ## what shells complete, made from the grammar, into tools/packages/completions
	@mkdir -p tools/packages/completions
	$(PROGRAM) completion bash >tools/packages/completions/viamillipede.bash
	$(PROGRAM) completion zsh >tools/packages/completions/_viamillipede
	$(PROGRAM) completion fish >tools/packages/completions/viamillipede.fish

screenshots: build ## the picture of viamillipede top, from a run between two hosts made of network namespaces; needs root and a minute
	go run ./tools/screenshots -program $(PROGRAM)

packages: ## packages (deb, rpm, apk), tarballs and an image for amd64 and arm64, into out/packages; needs the module proxy
	go run ./tools/packages

packages-check: ## the same, made twice and compared, and installed, run and removed below a folder
	go run ./tools/packages -check

# The manifests are read as Kubernetes' own types, a module of its own that the proxy may lack.
recipes: ## the recipes of tools/recipes, run on this machine
	VIAMILLIPEDE_RECIPES=1 go test -count=1 -timeout 5m ./tools/recipes ./tools/pairs
	@if go -C tools/recipes/manifests build -o "$(CURDIR)/bin/manifests" . 2>/dev/null; then \
		bin/manifests tools/recipes/kubernetes.yaml; \
	else \
		echo "recipes: the manifests are not checked, their types are not available here"; \
	fi

install: build ## the program, its man page and completions, below DESTDIR and PREFIX (/usr/local)
	install -d "$(DESTDIR)$(PREFIX)/bin" "$(DESTDIR)$(PREFIX)/share/man/man1"
	install -D -m 644 tools/packages/completions/viamillipede.bash "$(DESTDIR)$(PREFIX)/share/bash-completion/completions/viamillipede"
	install -D -m 644 tools/packages/completions/_viamillipede "$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_viamillipede"
	install -D -m 644 tools/packages/completions/viamillipede.fish "$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/viamillipede.fish"
	install -m 755 $(PROGRAM) "$(DESTDIR)$(PREFIX)/bin/viamillipede"
	install -m 644 viamillipede.1 "$(DESTDIR)$(PREFIX)/share/man/man1/viamillipede.1"

clean: ## remove what the targets above made
	rm -rf bin out/packages
