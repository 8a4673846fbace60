# make demo   a sick training script and its check-up          make lint   ruff and mypy
# make test   lint, types and the whole test suite             make docs   the documentation, in site/
# make clean  removes .venv, what was built and all caches
.PHONY: demo test lint docs clean
.DEFAULT_GOAL := demo

# The first Python that can make virtual environments; Debian's own needs the package python3-venv for that.
PYTHON ?= $(shell for python in python3.11 python3 python3.12 python3.13 python3.10; do \
	"$$python" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 10))' 2> /dev/null && { command -v "$$python"; break; }; done)
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

export OMP_NUM_THREADS := 1

demo: .venv/.has-demo .venv/.has-kernels
	$(BIN)/reluctant demo

test: lint .venv/.has-kernels
	$(BIN)/python -m pytest -n 2

lint: .venv/.has-dev
	$(BIN)/ruff check
	$(BIN)/mypy

docs: .venv/.has-docs .venv/.has-kernels
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "Open site/index.html, or serve it: $(BIN)/python -m mkdocs serve"

# What the compiled kernels are printed and compiled from.
KERNELS := $(wildcard native/*.py native/pyproject.toml native/cpp/* src/reluctant/activations/*.py) \
	$(addprefix src/reluctant/kernels/,_formulas.py _signature.py _trace.py)

# A stamp is newer than the files that say what to install exactly when nothing is left to install.
.venv/.has-demo: pyproject.toml constraints.txt | .venv/bin/python
	$(INSTALL) --editable '.[demo]'
	@touch $@

.venv/.has-dev: pyproject.toml constraints.txt | .venv/bin/python
	$(INSTALL) --editable '.[dev]'
	@touch $@ .venv/.has-demo

.venv/.has-docs: pyproject.toml constraints.txt | .venv/bin/python
	$(INSTALL) --editable '.[demo,docs,test]'
	@touch $@

# Where there is no compiler nothing is left behind, so that the next `make` tries again.
.venv/.has-kernels: $(KERNELS) | .venv/bin/python
	@if $(BIN)/python native/compile_kernels.py > /dev/null && $(INSTALL) ./native; then touch $@; \
	else echo "make: the kernels are not compiled, so torch's own operators serve"; fi

.venv/bin/python:
	@[ -n "$(PYTHON)" ] || { echo "make: no Python from 3.10 on that can make virtual environments was found." \
	"On Debian: apt-get install python3-venv. Or name one: make PYTHON=/path/to/python3" >&2; exit 1; }
	"$(PYTHON)" -m venv .venv || { rm -rf .venv; exit 1; }

clean:
	rm -rf .venv native/src/reluctant_kernels/*.so native/dist build dist site .pytest_cache .mypy_cache .ruff_cache .hypothesis
