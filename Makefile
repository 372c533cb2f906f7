# The one door. Each target sets up what it needs from nothing, and does nothing the second time.

PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# Where the mock keeps its journal and certificates.
STATE ?= .mockodp

.DEFAULT_GOAL := help
.PHONY: help venv mock-up mock-down demo node upstream mutants conformance parity test fuzz coverage soak lint format types bench docs dist clean

help:  ## Show this list.
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  Scale of the tests: REQUESTS (isolation, 10000), KILLS (durability, 20), CASES (generated cases, 15 to 300);"
	@echo "  make test PYTEST='-m \"not slow\"' leaves the slow ones out. PYTHON=python3.12 chooses the interpreter."

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "mockodp needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12 …" >&2; exit 3; }
	@$(PYTHON) -m venv .venv || \
	  { echo "'$(PYTHON) -m venv' failed. On Debian and Ubuntu: apt install python3-venv" >&2; exit 3; }

.venv/.run: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/pip install --quiet --constraint constraints.txt --editable .
	@touch $@

.venv/.dev: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@ .venv/.run

venv: .venv/.dev  ## A .venv with everything installed.

mock-up: .venv/.run  ## Bring up the mock with a live log (DETACH=1: in the background).
ifeq ($(DETACH),1)
	@$(BIN)/mockodp up --store $(STATE)/journal.db --state-dir $(STATE)
else
	@exec $(BIN)/mockodp serve --store $(STATE)/journal.db --state-dir $(STATE)
endif

mock-down: .venv/.run  ## Stop the mock in the background.
	@$(BIN)/mockodp down --state-dir $(STATE)

node: .venv/.run  ## Install the published destination for Node.
	@$(BIN)/python -m mockodp_harness.node install

demo: .venv/.run  ## Send real traffic of the published destination into the mock (needs Node 20).
	@$(BIN)/python -m mockodp_harness.demo

upstream: .venv/.run  ## Compare our table of the destination with the published package (needs Node 20).
	@$(BIN)/python -m mockodp_harness.node install >/dev/null
	@$(BIN)/python -m mockodp_harness.upstream

mutants: .venv/.run  ## Break every contract in every way and count what its judge notices.
	@$(BIN)/python -m mockodp_contracts.mutation.mutants

# A folder of recorded cases of the official code: FILE.ndjson and FILE.expected.
CONFORMANCE ?= ../shared/conformance

conformance: .venv/.run  ## Compare the engine with recorded answers of the official code, where they are there.
	@if [ -d '$(CONFORMANCE)' ]; then $(BIN)/mockodp engine --compare '$(CONFORMANCE)'; \
	  else echo "not compared: there is no folder '$(CONFORMANCE)'; name one by CONFORMANCE=FOLDER"; fi

parity: .venv/.run  ## Compare the engine with the published package on generated cases (CASES, SEED; needs Node 20).
	@$(BIN)/python -m mockodp_harness.node install >/dev/null
	@$(BIN)/mockodp parity --cases $(or $(CASES),20000) --seed $(or $(SEED),1)

test: .venv/.dev  ## Run every test (see below for its scale).
	$(BIN)/pytest -n auto $(PYTEST)

fuzz: .venv/.dev  ## Damage sound cases of the engine (CASES=1000000 SEED=7) and see that each is answered.
	$(BIN)/python -m tests.harness.fuzz --cases $(or $(CASES),100000) --seed $(or $(SEED),20240301)

# The integration engine, whose branches the tests of the engine have to reach.
ENGINE := mockodp_harness.segment,mockodp_harness.destinations,mockodp_harness.conformance,mockodp_harness.cases

coverage: .venv/.dev  ## Branch coverage of the integration engine; fails under 95 %.
	CASES=60 $(BIN)/coverage run --source=$(ENGINE) -m pytest -q tests/harness/segment tests/harness/test_bad_input.py
	$(BIN)/coverage report

soak: .venv/.dev  ## Every test at length: 200 kills, 100,000 requests, 500 generated cases.
	REQUESTS=100000 KILLS=200 CASES=500 $(BIN)/pytest -n auto

lint: .venv/.dev  ## Check style and formatting.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: .venv/.dev  ## Put the formatting right.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: .venv/.dev  ## Check types.
	$(BIN)/mypy

bench: .venv/.dev  ## Measure speed and memory, as ratios to a bare route in the same run.
	$(BIN)/python -m bench

docs: .venv/.run  ## Write docs/fidelity.md and docs/settings.md from the code.
	$(BIN)/python -m tests.docs.written

dist: .venv/.dev  ## Build the wheel and the source archive.
	$(BIN)/python -m build --no-isolation --outdir dist .

clean:  ## Remove everything that was made here.
	rm -rf .venv $(STATE) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
