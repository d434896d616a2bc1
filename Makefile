# Everything is done from here; `make` alone lists what there is. Each target sets up what it needs.

NODE := node --import tsx
PACKAGES := node_modules/.package-lock.json
# What the test runner is to run of a part: FILE=substring of a path, NAME=pattern of a test's name.
SELECT := $(if $(SPEC)$(FILE),--file '$(SPEC)$(FILE)') $(if $(NAME),--name '$(NAME)')

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help build build-debug build-scalar test test-unit test-harness cli release demo lint fmt bench bench-compare bench-docs \
	new setup-e2e setup-bench clean check-node always

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9%.\/-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

build: $(PACKAGES) ## Compile every filter to build/<filter>.wasm and print the sizes
	@$(NODE) harness/build/main.ts

build-debug: $(PACKAGES) ## The same to build/debug/, with names, and with a log line where one traps
	@$(NODE) harness/build/main.ts --target debug

build-scalar: $(PACKAGES) ## The same to build/scalar/, without SIMD, to compare
	@$(NODE) harness/build/main.ts --target scalar

build/debug/%.wasm: $(PACKAGES) always
	@$(NODE) harness/build/main.ts --target debug $*

build/scalar/%.wasm: $(PACKAGES) always
	@$(NODE) harness/build/main.ts --target scalar $*

build/%.wasm: $(PACKAGES) always
	@$(NODE) harness/build/main.ts $*

cli: $(PACKAGES) ## Build the sluice command to dist/sluice.js
	@$(NODE) harness/build/cli.ts

release: build ## Make build/release/: the npm package, the modules, their bill of materials and checksums
	@$(NODE) harness/build/release.ts

test: build ## Run every part of the tests and count them
	@$(NODE) harness/test-runner/main.ts

test-unit: $(PACKAGES) ## Run the unit specs (test/unit; SPEC=json runs those whose path has json)
	@$(NODE) harness/test-runner/main.ts $(SELECT) unit

test-harness: $(PACKAGES) ## Run the tests that stand beside the harness's code (FILE=... NAME=... select)
	@$(NODE) harness/test-runner/main.ts $(SELECT) harness

test-%: build ## Run one other part: test-host, test-envoy, test-deploy, test-fuzz
	@$(NODE) harness/test-runner/main.ts $(SELECT) $*

demo: build ## Run a gateway in front of model servers, and calls of real clients through it
	@$(NODE) harness/demo/main.ts

lint: $(PACKAGES) ## Check format, rules and types; changes nothing
	@$(NODE) harness/lint/main.ts

fmt: $(PACKAGES) ## Format every source
	@$(NODE) harness/lint/main.ts --fix

bench: build ## Measure what the filters cost in Envoy, beside Rust, Lua and its own (ROUNDS=... ONLY=... MEASURES=...)
	@$(NODE) test/bench/main.ts

bench-compare: $(PACKAGES) ## Tell what changed beyond the noise: make bench-compare OLD=a.json NEW=b.json
	@$(NODE) test/bench/compare-main.ts '$(OLD)' '$(NEW)'

bench-docs: $(PACKAGES) ## Write a bench's figures into docs/performance.md (FILE=...; default the newest)
	@$(NODE) test/bench/docs.ts '$(FILE)'

new: $(PACKAGES) ## Start a filter: make new NAME=x copies the smallest one to filters/x
	@$(NODE) harness/setup/new-filter.ts '$(NAME)'

setup-e2e: ## Install what the end-to-end tests talk to: a registry, Redis, Docker, Prometheus, ratelimit
	@bash harness/setup/e2e.sh

setup-bench: ## Give rustc the Wasm target, so that make bench can compare with filters in Rust
	@bash harness/setup/rust-peers.sh

clean: ## Remove what was built; keeps node_modules and downloads
	rm -rf build dist

$(PACKAGES): package-lock.json | check-node
	npm ci --no-progress
	@touch $@

check-node:
	@node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null || { \
	  echo "Sluice needs Node.js 20 or newer; found: $$(node --version 2>/dev/null || echo none). See https://nodejs.org" >&2; \
	  exit 1; }

always:
