# Every task of this project. `make help` lists them.

# An optimised build takes about twice as long as a debug build, once; the shop runs on what a user would run.
configuration ?= release
# Where the shop's services keep their data: sqlite or postgres.
STORE ?= sqlite
ifeq ($(filter sqlite postgres,$(STORE)),)
$(error STORE is sqlite or postgres, not "$(STORE)")
endif
# What carries its events: embedded, or nats; of a drill also a cluster of three.
BROKER ?= embedded
brokers = embedded nats $(if $(filter drill,$(MAKECMDGOALS)),cluster)
ifeq ($(filter $(brokers),$(BROKER)),)
$(error BROKER is one of $(brokers), not "$(BROKER)")
endif
# Who has an order done: flow (services react to each other) or saga.
VARIANT ?= flow
ifeq ($(filter flow saga,$(VARIANT)),)
$(error VARIANT is flow or saga, not "$(VARIANT)")
endif
# How long a drill has faults, in minutes.
MINUTES ?= 10
# The connectors for PostgreSQL and NATS stand behind package traits. Programs with them are built in a place of their own: so
# nothing is built again when one goes from the one to the other. Tests are debug builds, and have both always.
trait = --traits Postgres,NATS
# Tests that use all of a processor, those that have a browser or a cluster beside a fleet, and those that break a whole fleet
# run by themselves: others wait for servers, with deadlines.
simulations = ^(SimulationTests|SagaTests|PGOutputTests)\.
heavy = EndToEndTests\.(PageTests|StatementPageTests|PageGuardTests|CoordinationPageTests|ObjectivePageTests|ManyServicesTests|NATSFleetTests)\b
drills = ^DrillTests\.
# Those that run the program: apart from those that fill a processor with servers.
programs = ^(?!$(heavy))EndToEndTests\.
# Shops take orders at a steady pace, whoever else is at work: what they have not done by then is done afterwards.
shops = ^ShopTests\.
servers = $(filter postgres,$(STORE)) $(filter nats,$(BROKER))
swift_build = swift build -c $(configuration) $(if $(strip $(servers)),$(trait) --scratch-path .build/servers)
bench_build = swift build -c release $(trait) --scratch-path .build/servers
# The shop's programs, and its data: a relative path is meant from the directory at hand.
shop = SHOP_STORE=$(STORE) SHOP_BROKER=$(BROKER) SHOP_VARIANT=$(VARIANT) FLOTILLA_BIN="$$($(swift_build) --show-bin-path)" \
	$(if $(SHOP_DATA),SHOP_DATA="$(abspath $(SHOP_DATA))")

.DEFAULT_GOAL := help
.PHONY: help setup setup-servers setup-tests setup-bench build run test drill shop-check bench receiver-check screenshots \
	lint format docs clean

help: ## List the tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  STORE=postgres         build, run, shop-check: with PostgreSQL, on a private server (default: sqlite)"
	@echo "  BROKER=nats            build, run, shop-check: on a private NATS server with JetStream (default: embedded)"
	@echo "  VARIANT=saga           run, shop-check: a saga places the orders; on SQLite (default: flow)"
	@echo "  configuration=debug    build, run, shop-check: debug builds (default: release)"
	@echo "  MINUTES, SEED, BROKER  drill: see docs/drill.md (BROKER also: cluster)"
	@echo "  SHOP_DATA, SHOP_SEED, SHOP_RATE, SHOP_SECONDS  run, shop-check: see Examples/shop/README.md"

setup: ## Install what is missing, and say so (nothing happens where all is there)
	@scripts/setup $(if $(strip $(servers)),postgres nats)

setup-servers:
	@scripts/setup postgres nats

setup-tests:
	@scripts/setup postgres nats prometheus otlp page

setup-bench:
	@scripts/setup postgres nats bench

build: setup ## Build flotilla and the shop's orders service (configuration=debug for a debug build)
	@echo "building; the first time it takes a few minutes"
	@$(swift_build) --product flotilla
	@$(swift_build) --product shop-orders

run: build ## Run the example shop until Ctrl-C; again, it goes on where it was
	@exec env $(shop) Examples/shop/run

test: setup-tests ## Build and run all tests, on SQLite, PostgreSQL and NATS
	@swift build $(trait) --build-tests
	@scripts/test $(trait) --skip-build --parallel -- '--filter=$(simulations)' '--skip=$(simulations)|$(drills)|$(heavy)|$(programs)|$(shops)' \
		'--filter=$(programs)' '--filter=$(shops)' '--filter=$(heavy)' '--filter=$(drills)'

drill: setup-servers ## Break everything around a fleet for MINUTES=10, and judge what became of what was written
	@swift build $(trait) --product flotilla
	@swift build $(trait) --product flotilla-drill
	@exec "$$(swift build $(trait) --show-bin-path)/flotilla-drill" --minutes $(MINUTES) $(if $(SEED),--seed $(SEED)) \
		--broker $(BROKER)

shop-check: build ## Compare the ended shop's read models with a direct join over its stores, and outcomes with the seed
	@exec env $(shop) Examples/shop/check

receiver-check: setup-servers ## Build the receiver in Swift of docs/push.md, and run the tests of the receivers with it
	@swift build --package-path Examples/receiver --scratch-path .build/receiver
	@swift build $(trait) --build-tests
	@FLOTILLA_RECEIVER="$$(swift build --package-path Examples/receiver --scratch-path .build/receiver --show-bin-path)/receiver" \
		swift test $(trait) --skip-build --filter ReceiverExampleTests

bench: setup-bench ## Measure the speeds, each against the database alone
	@$(bench_build) --product flotilla
	@$(bench_build) --product flotilla-bench
	@"$$($(bench_build) --show-bin-path)/flotilla-bench"

screenshots: setup-tests ## Take the pictures of the operators' page that the documentation shows (docs/images)
	@swift build $(trait) --build-tests
	@FLOTILLA_SCREENSHOTS="$(abspath docs/images)" swift test $(trait) --skip-build --filter ScreenshotTests

lint: setup ## Check style, and that the examples compile
	@swift format lint --strict --parallel --recursive $(wildcard Sources Tests Examples Benchmarks Drill) Package.swift
	@PYTHONPYCACHEPREFIX=.build/python python3 -m py_compile Examples/shop/*.py Examples/shop/saga/*.py Examples/shop/run Examples/shop/check \
		$(addprefix Benchmarks/peers/,peers.py record drain limit latency workload with-server dbos-sagas)
	@for script in scripts/* .ci/run Benchmarks/peers/setup Benchmarks/peers/compare; do bash -n $$script || exit 1; done

format: setup ## Rewrite the Swift sources in the project's style
	@swift format --in-place --parallel --recursive $(wildcard Sources Tests Examples Benchmarks Drill) Package.swift

docs: setup-servers ## Build the documentation of the Swift library
	@swift package $(trait) generate-documentation --target Flotilla

clean: ## Remove what was built (the shop's data stay: they are in Examples/shop/data)
	@rm -rf .build
