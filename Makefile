# Every task of this project. `make help` lists them.

# An optimised build takes about twice as long as a debug build, once; the shop runs on what a user would run.
configuration ?= release
# Where the shop's services keep their data: sqlite or postgres.
STORE ?= sqlite
ifeq ($(filter sqlite postgres,$(STORE)),)
$(error STORE is sqlite or postgres, not "$(STORE)")
endif
# How long a drill has faults, in minutes.
MINUTES ?= 10
# The connector for PostgreSQL stands behind a package trait. Programs with it are built in a place of their own: so nothing
# is built again when one goes from the one to the other. Tests are debug builds, and have it always.
trait = --traits Postgres
swift_build = swift build -c $(configuration) $(if $(filter postgres,$(STORE)),$(trait) --scratch-path .build/postgres)
bench_build = swift build -c release $(trait) --scratch-path .build/postgres
# The shop's programs, and its data: a relative path is meant from the directory at hand.
shop = SHOP_STORE=$(STORE) FLOTILLA_BIN="$$($(swift_build) --show-bin-path)" \
	$(if $(SHOP_DATA),SHOP_DATA="$(abspath $(SHOP_DATA))")

.DEFAULT_GOAL := help
.PHONY: help setup setup-postgres build run test drill shop-check bench lint format docs clean

help: ## List the tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  STORE=postgres         build, run, shop-check: with PostgreSQL, on a private server (default: sqlite)"
	@echo "  configuration=debug    build, run, shop-check: debug builds (default: release)"
	@echo "  MINUTES, SEED, BROKER  drill: see docs/drill.md"
	@echo "  SHOP_DATA, SHOP_SEED, SHOP_RATE, SHOP_SECONDS  run, shop-check: see Examples/shop/README.md"

setup: ## Install what is missing, and say so (nothing happens where all is there)
	@scripts/setup $(filter postgres,$(STORE))

setup-postgres:
	@scripts/setup postgres

build: setup ## Build flotilla and the shop's orders service (configuration=debug for a debug build)
	@echo "building; the first time it takes a few minutes"
	@$(swift_build) --product flotilla
	@$(swift_build) --product shop-orders

run: build ## Run the example shop until Ctrl-C; again, it goes on where it was
	@exec env $(shop) Examples/shop/run

test: setup-postgres ## Build and run all tests, on SQLite and PostgreSQL
	@swift build $(trait) --build-tests
	@swift test $(trait) --skip-build --parallel

drill: setup-postgres ## Break everything around a fleet for MINUTES=10, and judge what became of what was written
	@swift build $(trait) --product flotilla
	@swift build $(trait) --product flotilla-drill
	@exec "$$(swift build $(trait) --show-bin-path)/flotilla-drill" --minutes $(MINUTES) $(if $(SEED),--seed $(SEED)) \
		$(if $(BROKER),--broker $(BROKER))

shop-check: build ## Compare the ended shop's read models with a direct join over its five stores
	@exec env $(shop) Examples/shop/check

bench: setup-postgres ## Measure the speeds, each against the database alone
	@$(bench_build) --product flotilla
	@$(bench_build) --product flotilla-bench
	@"$$($(bench_build) --show-bin-path)/flotilla-bench"

lint: setup ## Check style, and that the examples compile
	@swift format lint --strict --parallel --recursive $(wildcard Sources Tests Examples Benchmarks Drill) Package.swift
	@PYTHONPYCACHEPREFIX=.build/python python3 -m py_compile Examples/shop/*.py Examples/shop/run Examples/shop/check \
		$(addprefix Benchmarks/peers/,peers.py record drain limit latency workload with-server)
	@for script in scripts/* .ci/run Benchmarks/peers/setup Benchmarks/peers/compare; do bash -n $$script || exit 1; done

format: setup ## Rewrite the Swift sources in the project's style
	@swift format --in-place --parallel --recursive $(wildcard Sources Tests Examples Benchmarks Drill) Package.swift

docs: setup-postgres ## Build the documentation of the Swift library
	@swift package $(trait) generate-documentation --target Flotilla

clean: ## Remove what was built (the shop's data stay: they are in Examples/shop/data)
	@rm -rf .build
