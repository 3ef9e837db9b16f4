# Twingrid. `make` alone lists what there is.
#
# Needs Python 3.11 or newer, make, and a network to the package registries the first time. Everything else is installed
# into .venv/ and web/node_modules/ of this folder.

.DEFAULT_GOAL := help
SHELL := /bin/sh
MAKEFLAGS += --no-print-directory --no-builtin-rules
.NOTPARALLEL:

PYTHON ?=
VENV := .venv
PY := $(VENV)/bin/python
DEMO_ARGS ?=
PYTEST_ARGS ?=
PROOF_MINUTES ?= 20
STYLE_DIRS := core gateway ingest store rules registry dispatch api firmware_sim app tests bench tools
# only what exists, so that a partial checkout can be checked too
STYLE_TARGETS = $(wildcard $(STYLE_DIRS))
# what neither waits nor listens runs on all cores; what has servers runs in one line, and the pages in a second line
# beside it: both wait more than they compute. What is killed must serve again within a promised time: that runs alone,
# or it would be the time of a machine that starts browsers
PURE_DIRS = $(wildcard tests/architecture tests/unit)
SERVER_DIRS = $(wildcard tests/contract tests/integration)
PAGES_DIRS = $(wildcard tests/e2e)
ALONE_DIRS = $(wildcard tests/faults)
PYTEST_WORKERS ?= auto

export PYTHON
export PYTHONDONTWRITEBYTECODE ?=

.PHONY: help
help: ## This list
	@echo "Twingrid"
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1\t\2/' \
	  | while IFS="$$(printf '\t')" read -r name text; do printf '  make %-14s %s\n' "$$name" "$$text"; done
	@echo
	@echo "  make test PYTEST_ARGS='tests/unit/store -k compaction'    a part of the suite"
	@echo "  make demo DEMO_ARGS='--port 9000 --lang zh'               another port, another language"

# --- environment ---------------------------------------------------------------------------------------------------

.PHONY: environment environment-dev
environment: ## Create .venv and install what the demo needs
	@sh tools/environment.sh run

environment-dev: ## ... and what tests, checks and measurements need
	@sh tools/environment.sh dev

.PHONY: web
web: environment ## Build the pages (no Node.js of the system needed)
	@$(PY) tools/pages.py build

# --- running -------------------------------------------------------------------------------------------------------

.PHONY: demo
demo: environment web ## Start everything: broker, simulated devices, gateways, core, API and pages
	@exec $(VENV)/bin/twingrid demo $(DEMO_ARGS)

# --- checking ------------------------------------------------------------------------------------------------------

.PHONY: lint
lint: environment-dev ## Style of Python and of the pages
	@echo "[lint] ruff"
	@$(PY) -m ruff check --quiet $(STYLE_TARGETS)
	@$(PY) -m ruff format --check --quiet $(STYLE_TARGETS) || \
	  { echo "error: some files are not formatted; run: $(PY) -m ruff format $(STYLE_TARGETS)" >&2; exit 1; }
	@if [ -f web/package.json ]; then echo "[lint] pages"; $(PY) tools/pages.py lint; fi

.PHONY: types
types: environment-dev ## Types (mypy --strict)
	@echo "[types] mypy"
	@$(PY) -m mypy $(STYLE_TARGETS)

.PHONY: unit
unit: environment-dev ## Fast tests only
	@$(PY) -m pytest $(PURE_DIRS) -n $(PYTEST_WORKERS) -q $(PYTEST_ARGS)

.PHONY: web-test
web-test: environment-dev
	@if [ -f web/package.json ]; then echo "[test] pages"; $(PY) tools/pages.py test; fi

.PHONY: test
test: environment-dev ## Everything: style, types, pages, unit, contract, integration, faults (short), end to end
ifeq ($(PYTEST_ARGS),)
	@$(MAKE) lint
	@$(MAKE) types
	@if [ -f web/package.json ]; then $(PY) tools/pages.py build && $(MAKE) web-test; fi
	@status=0; \
	echo "[test] pytest: $(PURE_DIRS)"; $(PY) -m pytest $(PURE_DIRS) -n $(PYTEST_WORKERS) || status=$$?; \
	$(PY) tools/lanes.py $(SERVER_DIRS) -- $(PAGES_DIRS) || status=$$?; \
	echo "[test] pytest: $(ALONE_DIRS)"; $(PY) -m pytest $(ALONE_DIRS) || status=$$?; \
	exit $$status
else
	@$(PY) -m pytest $(PYTEST_ARGS)
endif

# --- long runs and measurements ------------------------------------------------------------------------------------

.PHONY: bench
bench: environment-dev web ## Measure against the rivals; prints a table, writes bench/results.json
	@$(PY) -m bench

.PHONY: proof-kill
proof-kill: environment-dev ## Long run: SIGKILL at fault points and random moments, resumable, adds up in proof/kill.json
	@$(PY) -m tests.faults.proof kill

.PHONY: proof-order
proof-order: environment-dev ## Long run: any order of the same readings ends in the same alarms, adds up in proof/order.json
	@$(PY) -m tests.faults.proof order

.PHONY: proof-input
proof-input: environment-dev ## Long run: malformed input, adds up in proof/input.json
	@$(PY) -m tests.faults.proof input

.PHONY: proof-spool
proof-spool: environment-dev ## Long run: SIGKILL at every fault point of the spool and at random, adds up in proof/spool.json
	@$(PY) -m tests.faults.proof spool --minutes $(PROOF_MINUTES)

.PHONY: proof-rules
proof-rules: environment-dev ## Long run: random rules equal their scalar twins, in bounded time and memory, adds up in proof/rules.json
	@$(PY) -m tests.faults.proof rules --minutes $(PROOF_MINUTES)

.PHONY: proof-parser
proof-parser: environment-dev ## Long run: any text is a rule or a finding, in bounded time, adds up in proof/parser.json
	@$(PY) -m tests.faults.proof parser --minutes $(PROOF_MINUTES)

# --- cleaning ------------------------------------------------------------------------------------------------------

.PHONY: clean
clean: ## Remove caches, built pages and demo data (keeps .venv and node_modules)
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info web/dist web/dist-site .twingrid bench/tmp
	@find . -name __pycache__ -type d -not -path './.venv/*' -not -path './web/node_modules/*' -prune -exec rm -rf {} +

.PHONY: distclean
distclean: clean ## ... and .venv and node_modules too
	@rm -rf .venv .rivals web/node_modules
