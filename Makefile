# Everything there is to run. `cargo test` alone is the fast loop: no network, no Python.
#
#   make test     format, lints, docs, unit and integration tests, the Python agent, many long runs at once, the clients, the page in a
#                 real browser, the Terraform configuration, and the deployment on an emulator of AWS
#   make soak     random seeds of the simulation and random input to the parsers, for SOAK_SECONDS each
#   make mutants  changes the code and says what no test notices: by module (MUTATED="worker queue"), for it takes hours
#   make bench    the figures of docs/benchmarks.md
#   make lambda   the functions for Lambda, for ARCH=arm64 (the default) or x86_64
#   make release  the functions for both architectures, with checksums, in target/releases/VERSION
#   make deploy   builds the functions and applies terraform/; make destroy takes everything away again
#   make preflight  looks whether a deploy can work, and changes nothing
#   make verify   checks a gateway from outside: URL=wss://…, TOKEN in the environment, more by ARGS (ARGS=--help)
#   make clean    removes what the other targets made

.DEFAULT_GOAL := test
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

FUNCTIONS := message connections worker relay closer authorizer

VENV := .venv
PYTHON ?= python3
REQUIREMENTS := agentcore_example/requirements.txt agentcore_example/requirements-dev.txt tests/browser/requirements.txt \
	tests/long_runs/requirements.txt tests/clients/requirements.txt

# Two things go on at a time, for much of either is waiting: what cargo makes, and what only needs the gateway's program. Each says
# what it has to say at its end.
.PHONY: test
test: format
	$(MAKE) --jobs=2 --output-sync=target IN_LANES=yes lint browser-test emulator-test

ifdef IN_LANES
docs: | lint
gateway: | docs
rust-test: | gateway
operations-test: | rust-test
long-runs-test: | operations-test
# Terraform for the emulator and Terraform for the checks would write one and the same settings.
emulator-test: | long-runs-test terraform-test

terraform-test: | agent-test
clients-test: | terraform-test
browser-test: | clients-test
endif

# What the tests in other languages start, unless another is named: a copy, for cargo may link the program again beside them.
PROGRAM := $(CURDIR)/target/gateway/agentcore-gateway
export GATEWAY_BIN ?= $(PROGRAM)

.PHONY: gateway
gateway:
	cargo build --locked
	mkdir -p $(dir $(PROGRAM))
	install target/debug/agentcore-gateway $(PROGRAM)

.PHONY: format
format:
	cargo fmt --check

.PHONY: lint
lint:
	cargo clippy --locked --all-targets -- -D warnings
	cargo clippy --locked --all-targets --features functions -- -D warnings
	cargo clippy --locked --no-default-features --lib -- -D warnings
	cargo clippy --locked --features aws -- -D warnings
	for name in $(FUNCTIONS); do cargo clippy --locked --no-default-features --features $$name -- -D warnings; done
	CARGO_TARGET_DIR=target cargo clippy --locked --manifest-path fuzz/Cargo.toml -- -D warnings

.PHONY: docs
docs:
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --features functions
	scripts/cost --check

.PHONY: rust-test
rust-test:
	cargo test --locked --features functions

.PHONY: agent-test
agent-test: $(VENV)/.installed
	cd agentcore_example && ../$(VENV)/bin/ruff check . && ../$(VENV)/bin/ruff format --check .
	cd agentcore_example && ../$(VENV)/bin/python -m pytest -q

.PHONY: long-runs-test
long-runs-test: $(VENV)/.installed gateway
	$(VENV)/bin/python -m pytest -q tests/long_runs

JAVASCRIPT := clients/javascript

$(JAVASCRIPT)/node_modules/.installed: $(JAVASCRIPT)/package.json $(JAVASCRIPT)/package-lock.json
	cd $(JAVASCRIPT) && npm ci
	touch $@

# The Python package has an environment of its own, for it is installed there.
CLIENT_VENV := .venv-client

$(CLIENT_VENV)/.installed: clients/python/requirements-dev.txt clients/python/pyproject.toml
	$(PYTHON) -m venv $(CLIENT_VENV)
	cd clients/python && ../../$(CLIENT_VENV)/bin/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

# Both packages, alone and in front of the real gateway; what of them a browser shows is among tests/clients. The core of the npm
# package is also tried on the Node that is installed: its own tests run on a newer one.
.PHONY: clients-test
clients-test: $(VENV)/.installed $(CLIENT_VENV)/.installed $(JAVASCRIPT)/node_modules/.installed gateway
	scripts/install-browser
	cd $(JAVASCRIPT) && npm run check && npm test && npm run package-check
	node $(JAVASCRIPT)/tests/installed.mjs
	$(VENV)/bin/python -m pytest -q tests/clients
	cd clients/python && ../../$(CLIENT_VENV)/bin/ruff check . && ../../$(CLIENT_VENV)/bin/ruff format --check .
	cd clients/python && ../../$(CLIENT_VENV)/bin/mypy --strict && ../../$(CLIENT_VENV)/bin/python -m pytest -q

# What the page is built and looked at with. Its sources, and that the file that is checked in is what they make.
page/node_modules/.installed: page/package.json page/package-lock.json
	cd page && npm ci
	touch $@

.PHONY: page-test
page-test: page/node_modules/.installed
	cd page && npm run check

.PHONY: browser-test
browser-test: $(VENV)/.installed page-test gateway
	scripts/install-browser
	$(VENV)/bin/python -m pytest -q tests/browser

# checkov wants another boto3 than the agent, so it has an environment of its own.
TERRAFORM_VENV := .venv-terraform

.PHONY: terraform-test
terraform-test: $(TERRAFORM_VENV)/.installed
	VENV=$(TERRAFORM_VENV) scripts/check-terraform

$(TERRAFORM_VENV)/.installed: terraform/requirements-dev.txt
	$(PYTHON) -m venv $(TERRAFORM_VENV)
	$(TERRAFORM_VENV)/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

EMULATOR_VENV := .venv-emulator

# The functions for Lambda, in target/lambda, in a folder for each architecture.
ARCH ?= arm64
LAMBDA_VENV := .venv-lambda

.PHONY: lambda
lambda: $(LAMBDA_VENV)/.installed
	VENV=$(LAMBDA_VENV) scripts/build-functions $(ARCH) $(FUNCTIONS)

$(LAMBDA_VENV)/.installed: scripts/requirements-lambda.txt
	$(PYTHON) -m venv $(LAMBDA_VENV)
	$(LAMBDA_VENV)/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

# What `archives` of terraform/ takes from a bucket.
VERSION ?= $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
ARCHITECTURES ?= arm64 x86_64
EMPTY :=
COMMA := ,

.PHONY: release
release:
	for architecture in $(ARCHITECTURES); do $(MAKE) lambda ARCH=$$architecture; done
	scripts/release $(VERSION) $(subst $(EMPTY) $(EMPTY),$(COMMA),$(strip $(ARCHITECTURES))) $(FUNCTIONS)

# What looks at AWS, and at a gateway, before and after a deploy.
OPERATIONS_VENV := .venv-operations

# On AWS, in the account and region of the usual AWS_* variables. The functions are built for the architecture that Terraform's
# variable says, unless `archives` or `artifacts_dir` names others. Terraform shows what it does, and asks.
.PHONY: deploy
deploy: $(OPERATIONS_VENV)/.installed
	PYTHON=$(OPERATIONS_VENV)/bin/python scripts/deploy preflight account
	architecture=$$(scripts/deploy architecture); [ -z "$$architecture" ] || $(MAKE) lambda ARCH=$$architecture
	PYTHON=$(OPERATIONS_VENV)/bin/python scripts/deploy preflight archives
	scripts/deploy apply

.PHONY: destroy
destroy:
	scripts/deploy destroy

$(OPERATIONS_VENV)/.installed: scripts/verify/requirements.txt
	$(PYTHON) -m venv $(OPERATIONS_VENV)
	$(OPERATIONS_VENV)/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

# Whether the account, and what is built, are as a deploy needs them; it changes nothing. `make deploy` looks too.
.PHONY: preflight
preflight: $(OPERATIONS_VENV)/.installed
	PYTHON=$(OPERATIONS_VENV)/bin/python scripts/deploy preflight account
	PYTHON=$(OPERATIONS_VENV)/bin/python scripts/deploy preflight archives

.PHONY: verify
verify: $(OPERATIONS_VENV)/.installed
	@PYTHONPATH=scripts $(OPERATIONS_VENV)/bin/python -m verify $(if $(URL),'$(URL)') $(ARGS)

$(OPERATIONS_VENV)/.tested: $(OPERATIONS_VENV)/.installed tests/verify/requirements.txt
	$(OPERATIONS_VENV)/bin/pip install --quiet --disable-pip-version-check -r tests/verify/requirements.txt
	touch $@

# Each check of `make verify` against the real gateway, and against one that breaks its rule; each finding of `make preflight`.
.PHONY: operations-test
operations-test: $(OPERATIONS_VENV)/.tested gateway
	$(OPERATIONS_VENV)/bin/python -m pytest -q tests/preflight
	$(OPERATIONS_VENV)/bin/python -m pytest -q tests/verify

# The example agent runs in its own environment, the emulator in another: it pins its dependencies.
.PHONY: emulator-test
emulator-test: $(VENV)/.installed $(EMULATOR_VENV)/.installed
	for name in $(FUNCTIONS); do cargo build --locked --no-default-features --features $$name --bin $$name; done
	scripts/package-functions $(FUNCTIONS)
	$(EMULATOR_VENV)/bin/python -m pytest -q tests/emulator

# How long the simulation and each fuzz target run.
SOAK_SECONDS ?= 300

.PHONY: soak
soak:
	SOAK_SECONDS=$(SOAK_SECONDS) cargo test --locked --test it simulation::the_invariants_hold_for
	SOAK_SECONDS=$(SOAK_SECONDS) CARGO_TARGET_DIR=target cargo run --manifest-path fuzz/Cargo.toml

# The modules that are changed, each with the tests that hold it.
MUTATED ?= worker connections recovery closer session journal queue

.PHONY: mutants
mutants:
	for module in $(MUTATED); do scripts/mutants $$module; done

# The functions are measured as they are deployed, but built for this machine.
BENCH_VENV := .venv-bench
HOST_ARCH := $(patsubst aarch64,arm64,$(shell uname -m))

.PHONY: bench
bench: $(LAMBDA_VENV)/.installed $(BENCH_VENV)/.installed
	cargo bench --locked --bench gateway
	VENV=$(LAMBDA_VENV) LAMBDA_DIR=target/lambda-bench scripts/build-functions $(HOST_ARCH) $(FUNCTIONS)
	$(BENCH_VENV)/bin/python benches/start/main.py target/lambda-bench/$(HOST_ARCH)

$(BENCH_VENV)/.installed: benches/start/requirements.txt
	$(PYTHON) -m venv $(BENCH_VENV)
	$(BENCH_VENV)/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

$(EMULATOR_VENV)/.installed: tests/emulator/requirements.txt
	$(PYTHON) -m venv $(EMULATOR_VENV)
	$(EMULATOR_VENV)/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

$(VENV)/.installed: $(REQUIREMENTS)
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check $(addprefix -r ,$(REQUIREMENTS))
	touch $@

.PHONY: clean
clean:
	cargo clean
	rm -rf $(JAVASCRIPT)/node_modules $(JAVASCRIPT)/dist page/node_modules
	rm -rf $(VENV) $(TERRAFORM_VENV) $(EMULATOR_VENV) $(LAMBDA_VENV) $(BENCH_VENV) $(CLIENT_VENV) $(OPERATIONS_VENV)
