# python3 (3.11 or newer) and make are enough: everything else is installed into .venv.
PYTHON  ?= python3
WORKERS ?= 2
BIN     := .venv/bin
READY   := .venv/.ready
# The constraints bind what builds the package too, in old and in new versions of pip.
INSTALL := PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt \
           $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
# Bytecode is kept: to rewrite the asserts of 200 files again takes every worker ten seconds.
unexport PYTHONDONTWRITEBYTECODE
PYTEST  := $(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile --doctest-modules

.DEFAULT_GOAL := help
.PHONY: help demo test test-all bench lint clean

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(READY) ## a real shop and a generated school network, each from raw data to a report in demo/
	@$(BIN)/dangol demo

test: lint ## lint, types, architecture, fast tests, doctests
	$(PYTEST) -m 'not slow'

test-all: lint ## the same with the slow tests and longer searches for counterexamples
	$(PYTEST) --hypothesis-profile=thorough

bench: .venv/.bench ## measure against DuckDB, ClickHouse, polars, pandas and retentioneering
	RETENTIONEERING_NO_TRACK=1 $(BIN)/python -m benchmarks

lint: $(READY) ## style, types, architecture
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

clean: ## remove what was made, except .venv
	rm -rf demo dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# Brought up to date when a dependency changes; a venv that an interruption left half made is made again.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Dangol needs Python 3.11 or newer; this is " + sys.version.split()[0] + " (choose one with make PYTHON=...)")'
	@echo 'Installing Dangol and its tools into .venv (once, a few minutes, 1.8 GB) ...'
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@$(INSTALL) -e '.[dev]'
	@touch $@

.venv/.bench: $(READY)
	@echo 'Installing the peers of the benchmarks into .venv (once, 0.3 GB) ...'
	@$(INSTALL) -e '.[dev,bench]'
	@touch $@
