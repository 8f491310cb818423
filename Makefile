# Every target sets up what it needs, from nothing but Python >= 3.11, make and the package registries.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# pip reads dependency groups since 25.1.
PIP    := $(BIN)/python -m pip --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo test check format test-wheel bench clean

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

demo: $(VENV)/run ## show the gate on an embedded job API
	@$(BIN)/reconcile demo

test: $(VENV)/dev ## run the tests
	$(BIN)/pytest

check: $(VENV)/dev ## lint, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(VENV)/dev ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

test-wheel: $(VENV)/dev ## build the wheel and run the tests against it, away from the sources
	$(BIN)/python tests/wheel.py

bench: $(VENV)/dev ## measure, against curl where it is installed
	$(BIN)/python tests/bench.py

clean: ## remove what these targets made
	rm -rf $(VENV) build dist .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache

$(VENV)/run: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --upgrade 'pip>=25.1'
	$(PIP) install --editable .
	@touch $@

$(VENV)/dev: $(VENV)/run
	$(PIP) install --group dev
	@touch $@
