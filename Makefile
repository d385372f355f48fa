# Every task of this project. `make help` lists them.

# An optimised build takes about twice as long as a debug build, once; the shop runs on what a user would run.
configuration ?= release
swift_build = swift build -c $(configuration)
# The fleet file takes a relative path from its own directory; a user means the one at hand.
shop_data = $(if $(SHOP_DATA),SHOP_DATA="$(abspath $(SHOP_DATA))")

.DEFAULT_GOAL := help
.PHONY: help setup build run test shop-check bench lint format docs clean

help: ## List the tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install what is missing, and say so (nothing happens where all is there)
	@scripts/setup

build: setup ## Build flotilla and the shop's orders service (configuration=debug for a debug build)
	@echo "building; the first time it takes a few minutes"
	@$(swift_build) --product flotilla
	@$(swift_build) --product shop-orders

run: build ## Run the example shop until Ctrl-C; again, it goes on where it was
	@FLOTILLA_BIN="$$($(swift_build) --show-bin-path)" && export FLOTILLA_BIN && exec Examples/shop/run

test: setup ## Build and run all tests
	@swift build --build-tests
	@swift test --skip-build --parallel

shop-check: build ## Compare the ended shop's read models with a direct join over its five stores
	@$(shop_data) "$$($(swift_build) --show-bin-path)/flotilla" run --until-idle Examples/shop/fleet.yaml
	@$(shop_data) Examples/shop/check

bench: setup ## Measure the speeds, each against SQLite alone
	@swift build -c release --product flotilla
	@swift build -c release --product flotilla-bench
	@"$$(swift build -c release --show-bin-path)/flotilla-bench"

lint: setup ## Check style, and that the examples compile
	@swift format lint --strict --parallel --recursive $(wildcard Sources Tests Examples Benchmarks) Package.swift
	@PYTHONPYCACHEPREFIX=.build/python python3 -m py_compile Examples/shop/*.py Examples/shop/run Examples/shop/check \
		$(addprefix Benchmarks/peers/,peers.py record drain limit latency workload with-server)
	@for script in scripts/* .ci/run Benchmarks/peers/setup Benchmarks/peers/compare; do bash -n $$script || exit 1; done

format: setup ## Rewrite the Swift sources in the project's style
	@swift format --in-place --parallel --recursive $(wildcard Sources Tests Examples Benchmarks) Package.swift

docs: setup ## Build the documentation of the Swift library
	@swift package generate-documentation --target Flotilla

clean: ## Remove what was built (the shop's data stay: they are in Examples/shop/data)
	@rm -rf .build
