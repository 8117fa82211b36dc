# The portal's working commands. `make help` tells them; README.md says more.
#
#   make run            PORT=8001 make run
#   make test           make test PYTEST_ARGS="tests/estates -x"
#
# Paths are relative on purpose: a project folder may have spaces in its name.

SHELL := /bin/sh
.SHELLFLAGS := -eu -c
.DEFAULT_GOAL := help
.PHONY: help run demo test bench bench-load lint requirements system vendor

PY := .venv/bin/python
PYTEST_ARGS ?=
export PORT

# An environment of the embedded portal: what a shell may hold for another one stays outside.
SQLITE := env -u DATABASE_URL -u REDIS_URL -u CELERY_BROKER_URL

help:
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)$$/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-22s %s\n", $$1, $$2}'

run: ## start the portal on 127.0.0.1:8000 (PORT=8001 make run) and print the demo accounts
	@sh scripts/python-env.sh base
	@sh scripts/system-packages.sh run
	@exec $(PY) manage.py serve --prepare --end-with-parent

demo: ## do the office's month without a server; results in var/demo/
	@sh scripts/python-env.sh base
	@sh scripts/system-packages.sh run
	@exec $(PY) manage.py demo $(DEMO_ARGS)

test: lint ## lint, then the whole suite on SQLite (PYTEST_ARGS="tests/estates -x" narrows it)
	@sh scripts/system-packages.sh test
	@$(SQLITE) $(PY) -m pytest $(PYTEST_ARGS)

lint: ## ruff (rules and format), templates, import layers, types
	@sh scripts/python-env.sh dev
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m djlint templates --lint --quiet
	@$(PY) scripts/import_layers.py
	@$(PY) -m mypy

bench: ## measure against Django admin and bare openpyxl; table in benchmarks/README.md
	@sh scripts/python-env.sh dev
	@sh scripts/system-packages.sh run
	@exec $(PY) -m benchmarks $(BENCH_ARGS)

bench-load: ## phones that report all at once, on PostgreSQL; table in benchmarks/README.md
	@sh scripts/python-env.sh dev
	@exec $(PY) -m benchmarks.submissions $(BENCH_ARGS)

requirements: ## compile requirements/*.txt from pyproject.toml (UPGRADE=1 takes newer versions)
	@sh scripts/compile-requirements.sh

system: ## install the system libraries and tools that are missing (asks apt-get)
	@sh scripts/system-packages.sh test

vendor: ## rebuild static/vendor/ from the packages of package.json (needs npm)
	@sh scripts/python-env.sh base
	@$(PY) scripts/vendor.py
