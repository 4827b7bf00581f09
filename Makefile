# Needs Python >= 3.11, make and git, nothing else: `make setup` brings the rest into this folder.
# `make` alone prints what there is. A line `target: ## text` is a target's help.

# The first Python that is new enough and can make a virtual environment; or say PYTHON=... yourself.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c '$(SUITABLE)' 2>/dev/null && echo $$python && break; done)
SUITABLE = import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))

DOCKER ?= docker
IMAGE ?= canarygate
PYTEST_ARGS ?=
GO_TEST_ARGS ?=

BIN := .venv/bin
# A real Pushgateway, Prometheus and promtool for whatever a recipe starts, before the machine's own.
WITH_TOOLS = PATH="$(CURDIR)/.cache/bin:$$PATH"
# Without C, so that no compiler for it has to be there.
GO = $(WITH_TOOLS) CGO_ENABLED=0 go
VERSION = $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' canarygate/__init__.py)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

.PHONY: help
help: ## Say what each target does
	@echo "canarygate: make TARGET"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' Makefile | while IFS='|' read -r target text; do \
		printf '%-14s %s\n' "$$target" "$$text"; done
	@echo "PYTEST_ARGS='-k push -x' reaches pytest; PYTHON=python3.12 chooses the interpreter of .venv."

# --- setting up ---

.PHONY: setup
setup: .venv/.ready ## Make .venv with the locked dependencies and canarygate itself

# Stamps: an unchanged lock costs nothing; a new version or entry point costs one second, not thirty.
.venv/.dependencies: locks/dev.txt
	@test -n "$(PYTHON)" || { echo "No Python >= 3.11 with venv was found. Install python3 and, on \
	Debian or Ubuntu, python3-venv; or name one: make setup PYTHON=/path/to/python3.12" >&2; exit 1; }
	@$(PYTHON) -c '$(SUITABLE)' || { echo "$(PYTHON) will not do: canarygate needs Python >= 3.11 \
	with venv and ensurepip (on Debian and Ubuntu: the package python3-venv)." >&2; exit 1; }
	@test -x $(BIN)/python && $(BIN)/python -c 'import pip' 2>/dev/null || $(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r locks/dev.txt
	@touch $@

.venv/.ready: .venv/.dependencies pyproject.toml canarygate/__init__.py
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: tools
tools: setup ## Put a real Pushgateway, Prometheus and promtool into .cache/bin
	@$(BIN)/python scripts/binaries.py

# --- using it ---

.PHONY: demo
demo: setup ## Gate a healthy canary and a faulty one on two embedded demo shops
	@$(BIN)/python scripts/binaries.py || echo "No Pushgateway: the demo writes metrics.prom and pushes nothing." >&2
	$(WITH_TOOLS) $(BIN)/canarygate demo

# --- checking it ---

# `python -m pytest` would put this folder on the import path and hide what the package lacks.
.PHONY: test
test: setup ## Test everything fast, and one live case of each kind (minutes)
	@$(BIN)/python scripts/binaries.py || echo "The tests that need the missing programs will fail." >&2
	$(WITH_TOOLS) $(BIN)/pytest -m "not live or smoke" $(PYTEST_ARGS)

.PHONY: test-live
test-live: setup ## Test the rest with real Locust processes, shops, a Pushgateway and a Prometheus
	@$(BIN)/python scripts/binaries.py || echo "The tests that need the missing programs will fail." >&2
	$(WITH_TOOLS) $(BIN)/pytest -m "live and not smoke" $(PYTEST_ARGS)

.PHONY: test-argo
test-argo: setup ## Hold jobs/ against Argo Rollouts' own code (minutes to compile it once)
	@$(BIN)/python scripts/go_toolchain.py
	@$(BIN)/python scripts/binaries.py || echo "The tests that need the missing programs will fail." >&2
	cd tests/argo && $(GO) vet ./... && $(GO) test -count=1 $$($(GO) list ./... | grep -v /scenarios)
	@# Real processes again: what fails is tried once more, like the live tests (tests/conftest.py).
	cd tests/argo && scenarios() { $(GO) test -count=1 -timeout 20m $(GO_TEST_ARGS) ./scenarios; }; \
		scenarios || { echo "RERUN: the scenarios failed and are tried once more." >&2; scenarios; }

.PHONY: compile-argo
compile-argo: setup ## Compile what `make test-argo` needs, on one core
	@$(BIN)/python scripts/go_toolchain.py
	cd tests/argo && $(GO) vet -p 1 ./...

.PHONY: lint
lint: setup ## Check the formatting, the rules and the types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

.PHONY: format
format: setup ## Format the code and repair what ruff can repair
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: docs
docs: setup ## Write the pages of docs/ that are made from the code
	$(BIN)/python scripts/make_docs.py

.PHONY: bench
bench: setup ## Measure the headline numbers (40 minutes; wants an idle machine)
	@$(BIN)/python scripts/binaries.py || true
	@for script in $(filter-out benchmarks/recorded_hour.py,$(wildcard benchmarks/[a-z]*.py)); do \
		echo "== $$script"; $(WITH_TOOLS) $(BIN)/python $$script || exit 1; done

# --- releasing it ---

LOCK = $(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --universal --python-version 3.11 --no-header

.PHONY: lock
lock: setup ## Lock again what pyproject.toml asks for (add LOCK_ARGS=--upgrade for new versions)
	$(LOCK) $(LOCK_ARGS) pyproject.toml -o locks/runtime.txt
	$(LOCK) $(LOCK_ARGS) pyproject.toml --group dev -o locks/dev.txt
	$(LOCK) $(LOCK_ARGS) --group build --constraints locks/dev.txt -o locks/build.txt
	$(LOCK) $(LOCK_ARGS) --group go -o locks/go.txt
	@! grep -n '://' locks/*.txt || { echo "A lock names an address; it must work with any index." >&2; exit 1; }

.PHONY: wheel
wheel: setup ## Build the wheel and the source archive into dist/
	$(BIN)/python -m hatchling build

.PHONY: image
image: ## Build the container image (needs Docker, or DOCKER=podman)
	$(DOCKER) build --build-arg VERSION=$(VERSION) --tag $(IMAGE):$(VERSION) .

.PHONY: clean
clean: ## Remove what make made; results/ stays
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
