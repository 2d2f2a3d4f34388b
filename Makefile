# Two commands matter: `make run` and `make test`. `make help` lists the rest.
SHELL := /bin/sh
PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3.11)
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes

.DEFAULT_GOAL := help
.PHONY: help run test test-sqlite test-postgres check simulate thorough cuts bench bench-eta chaos fuzz gallery messages lock licences sbom audit-deps chromium uppy clean

help:  ## list the targets
	@sed -n 's/^\([a-z.-]*\):.*  ## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

.venv: .venv/.installed  ## make the virtual environment and install what is locked

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Longhaul needs Python 3.11 or later. Install it, or name one: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv .venv \
	  || { rm -rf .venv; echo "This Python cannot make a virtual environment. On Debian: apt install python3-venv"; exit 1; }

.venv/.installed: requirements.txt | .venv/bin/python
	@echo "Installing what is locked in requirements.txt ..."
	@$(PIP) -r requirements.txt
	@touch $@

.venv/.installed-dev: requirements-dev.txt .venv/.installed
	@echo "Installing what is locked in requirements-dev.txt ..."
	@$(PIP) -r requirements-dev.txt
	@touch $@

.venv/.installed-bench: requirements-bench.txt .venv/.installed-dev
	@echo "Installing what is locked in requirements-bench.txt ..."
	@$(PIP) -r requirements-bench.txt
	@touch $@

run: .venv/.installed  ## start the web server and the cluster; Ctrl-C stops both
	@exec $(BIN)/python manage.py serve --first-start

test: check uppy test-sqlite test-postgres  ## check, then the whole suite on SQLite and on Postgres

# worksteal: what stands in one file mostly runs in one process, so what it starts is started once.
test-sqlite: .venv/.installed-dev chromium
	exec $(BIN)/python -m tests.databases sqlite -- -n 3 --dist worksteal $(ARGS)

test-postgres: .venv/.installed-dev chromium
	exec $(BIN)/python -m tests.databases postgres -- -n 3 --dist worksteal $(ARGS)

# djade knows Django's templates only: in Jinja's it would take `-%}` apart, and Jinja would read it no more.
check: .venv/.installed-dev  ## ruff, mypy, djade, Django's deploy checks, missing migrations
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	@git ls-files -z '*.html' ':!progress/jinja2' | xargs -0 $(BIN)/djade --check --target-version 5.2
	$(BIN)/python -m tests.deploy_check
	$(BIN)/python manage.py makemigrations --check --dry-run

simulate: .venv/.installed-dev  ## random schedules of the recovery protocol; a million: ARGS="--schedules 1000000"
	exec $(BIN)/python -m tests.simulation $(ARGS)

thorough: .venv/.installed-dev  ## all cases of what the suite tries in part, on SQLite and on Postgres
	THOROUGH=1 $(BIN)/python -m tests.databases sqlite -- -n 3 -m thorough $(ARGS)
	THOROUGH=1 $(BIN)/python -m tests.databases postgres -- -n 3 -m thorough $(ARGS)

cuts: .venv/.installed-dev  ## random cuts through footage of twenty-four sorts, every frame looked at: make cuts ARGS="--films 500 --seed 1"
	exec $(BIN)/python -m tests.modal_functions.media.cuts $(ARGS)

bench: .venv/.installed-bench  ## the benchmarks of docs/BENCHMARKS.md; results in var/bench
	exec $(BIN)/python -m tests.bench $(ARGS)

bench-eta: .venv/.installed-dev  ## how well the ends of exports are told: docs/ETA.md; yours too: ARGS="--estimator package.module:Class"
	exec $(BIN)/python -m tests.eta_replay $(ARGS)

fuzz: .venv/.installed-dev  ## damaged media and bad requests: make fuzz ARGS="--files 20000 --asked 20000 --seed 1"
	exec $(BIN)/python -m tests.fuzz $(ARGS)

chaos: .venv/.installed-dev  ## kill everything at random and audit what is left: ARGS="--rounds 1000 --seed 7 --only sqlite"
	exec $(BIN)/python -m tests.chaos $(ARGS)

gallery: .venv/.installed-dev chromium  ## every page and state as pictures, in var/gallery: make gallery ARGS="--only export"
	exec $(BIN)/python -m tests.gallery $(ARGS)

messages: .venv/.installed  ## bring the catalogue of all that people read up to date; needs gettext's tools
	$(BIN)/python manage.py makemessages --locale en --extension html,txt,py --no-location --no-wrap \
	  --ignore '.venv*' --ignore 'tests*' --ignore 'docs*' --ignore 'var*' --ignore 'modal_functions*'

lock: .venv/.installed-dev  ## lock again after a change of pyproject.toml
	@sh tests/lock.sh

licences: .venv/.installed-dev  ## docs/LICENCES.md, from what is locked
	exec $(BIN)/python -m tests.supply licences

sbom: .venv/.installed-dev  ## what an installation consists of, as CycloneDX, in var/sbom.cdx.json
	exec $(BIN)/python -m tests.supply sbom

audit-deps: .venv/.installed  ## whether anything that is locked is known to be vulnerable, where the feed can be asked
	@sh tests/audit.sh

chromium:  # Debian's browser for the browser tests, where this user may install it
	@command -v chromium >/dev/null || [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null \
	  || { echo "Installing Debian's Chromium for the browser tests ..."; \
	       { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core; } >/dev/null 2>&1; } \
	  || echo "Chromium could not be installed; the browser tests will be skipped. By hand: apt install chromium"

uppy:  # the real Uppy for its test, as tests/uppy/package-lock.json has it, where npm is there
	@cmp -s tests/uppy/package-lock.json tests/uppy/node_modules/.locked || ! command -v npm >/dev/null \
	  || { echo "Installing what is locked in tests/uppy/package-lock.json ..."; cd tests/uppy \
	       && npm ci --ignore-scripts --no-audit --no-fund --silent && cp package-lock.json node_modules/.locked; } \
	  || echo "Uppy could not be installed; its test will be skipped."

clean:  ## remove the virtual environment and everything made while running (var/ holds your exports!)
	rm -rf .venv tests/uppy/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis build
	@echo "var/ was kept: it holds the database and the store. Remove it yourself if you mean it."
