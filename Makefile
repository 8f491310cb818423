# Every target sets up what it needs, from nothing but Python >= 3.11, make and the package registries.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# pip reads dependency groups since 25.1.
PIP    := $(BIN)/python -m pip --quiet --disable-pip-version-check
# What runs the proofs below; each ends with its figure.
PROVE  := PYTHONPATH=tests $(BIN)/python -m proof
# Every seed, run, kill, replay and byte that the numbered cases name.
EVERY  := RECONCILE_SEEDS=200 RECONCILE_RUNS=10000 RECONCILE_KILLS=100 RECONCILE_REPLAYS=200 RECONCILE_FLIPS=1000000
# The last release that runs on Node.js 20.
EDITOR_SERVER := yaml-language-server@1.25.0

.DEFAULT_GOAL := help
.PHONY: help demo test check conformance docs site editor-test oracle format test-wheel release-check bench chaos baseline fuzz kill9 hostile mutants clean

help: ## show this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 15

demo: $(VENV)/run ## show the gate on an embedded job API
	@$(BIN)/reconcile demo

test: $(VENV)/dev ## run the tests, on all cores
	$(BIN)/pytest --numprocesses auto

conformance: $(VENV)/dev ## test the numbered safety cases and print their table; LONG=1 for every seed, run and kill
	$(if $(LONG),$(EVERY)) $(BIN)/pytest --conformance

check: $(VENV)/dev ## lint, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

docs: $(VENV)/dev ## write schemas/manifest.v1.md from the schema
	$(BIN)/pytest tests/test_reference.py --rewrite

site: $(VENV)/site ## build the documentation into build/site/html, without a warning or a dead link
	$(BIN)/python .site/assemble.py build/site/pages
	cp .site/zensical.toml build/site
	$(BIN)/zensical build --clean --strict --config-file build/site/zensical.toml
	$(BIN)/pytest tests/test_site.py

editor-test: $(VENV)/dev $(VENV)/editor/installed ## test completion, hover and diagnostics in an editor; needs Node.js
	$(BIN)/pytest tests/test_editor.py

oracle: $(VENV)/oracle ## compare signatures, receipts, answers and templates with what others make of them
	$(BIN)/pytest tests/oracle

format: $(VENV)/dev ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

release-check: $(VENV)/dev ## build twice and compare, install, list what is installed; TAG=v1.2.3 for a release
	$(BIN)/python tests/release.py

test-wheel: $(VENV)/dev ## build the wheel, and test it with the oldest libraries it allows
	$(BIN)/python tests/wheel.py

bench: $(VENV)/oracle ## measure, against other tools where they are installed; BENCH="startup http" for some figures
	PYTHONPATH=tests $(BIN)/python -m bench $(BENCH)

chaos: $(VENV)/dev ## fail at random, and look for a false pass; LONG=1 for longer, here and below
	$(PROVE).chaos

baseline: $(VENV)/dev ## run a naive script and the gate against the same faults
	$(PROVE).baseline

fuzz: $(VENV)/fuzz ## let atheris search for input that ends in a traceback
	$(PROVE).fuzz

kill9: $(VENV)/dev ## kill runs while they write, and look for torn files
	$(PROVE).kill9

hostile: $(VENV)/dev ## read hostile manifests, talk to hostile servers; report time and memory
	$(PROVE).hostile

mutants: $(VENV)/mutants ## break the code on purpose, and look for a change that no test notices
	$(PROVE).mutants

clean: ## remove what these targets made
	rm -rf $(VENV) build dist mutants .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache

$(VENV)/run: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --upgrade 'pip>=25.1'
	$(PIP) install --editable .
	@touch $@

$(VENV)/dev: $(VENV)/run
	$(PIP) install --group dev
	@touch $@

$(VENV)/oracle: $(VENV)/dev
	$(PIP) install --group oracle
	@touch $@

# Where there is no wheel of atheris, `make fuzz` says so and goes on without it.
$(VENV)/fuzz: $(VENV)/dev
	-$(PIP) install --only-binary :all: --group fuzz && touch $@

$(VENV)/site: $(VENV)/dev
	$(PIP) install --group site
	@touch $@

$(VENV)/mutants: $(VENV)/dev
	$(PIP) install --group mutants
	@touch $@

$(VENV)/editor/installed: Makefile
	npm install --prefix $(@D) --no-audit --no-fund --ignore-scripts --silent $(EDITOR_SERVER)
	@touch $@
