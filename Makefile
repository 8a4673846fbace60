# make demo   a sick training script and its check-up          make lint   ruff and mypy
# make test   lint, types and the whole test suite             make clean  removes .venv and all caches
.PHONY: demo test lint clean
.DEFAULT_GOAL := demo

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

export OMP_NUM_THREADS := 1

demo: .venv/.has-demo
	$(BIN)/reluctant demo

test: lint
	$(BIN)/python -m pytest -n 2

lint: .venv/.has-dev
	$(BIN)/ruff check
	$(BIN)/mypy

# A stamp is newer than the files that say what to install exactly when nothing is left to install.
.venv/.has-demo: pyproject.toml constraints.txt | .venv/bin/python
	$(INSTALL) --editable '.[demo]'
	@touch $@

.venv/.has-dev: pyproject.toml constraints.txt | .venv/bin/python
	$(INSTALL) --editable '.[dev]'
	@touch $@ .venv/.has-demo

.venv/bin/python:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "make: Python 3.10 or newer is needed: make PYTHON=/path/to/python3" >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' || { echo "make: this Python cannot make virtual environments; on Debian: apt-get install python3-venv" >&2; exit 1; }
	"$(PYTHON)" -m venv .venv

clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
