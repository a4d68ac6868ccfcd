# make verilog and make test need nothing before them but Python 3.11 or newer, g++ and make.
#   make test SIM=icarus          the same tests on Icarus Verilog
#   make test WAVES=1             waveforms in build/waves
#   make test TESTS=tests/arith   a part of the tests
#   make test JOBS=4              that many workers instead of one a core

VENV   := .venv
PYTHON := $(VENV)/bin/python
READY  := $(VENV)/.ready
TESTS  ?= tests
JOBS   ?= auto

.PHONY: help setup verilog test soak mutation demo lint clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "options: SIM=icarus, WAVES=1, TESTS=tests/arith, JOBS=4, as in: make test TESTS=tests/arith"

setup: $(READY) ## the virtual environment in .venv

$(READY): pyproject.toml
	@command -v g++ >/dev/null || { echo "g++ is missing: the simulator's models are compiled with it."; exit 1; }
	@for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	    $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; python=; \
	  done; \
	  test -n "$$python" || { echo "Python 3.11 or newer is missing."; exit 1; }; \
	  $$python -c 'import venv, ensurepip' 2>/dev/null || \
	    { echo "Python's module venv is missing (Debian: apt-get install python3-venv)."; exit 1; }; \
	  echo "Making $(VENV) with $$($$python --version)" && $$python -m venv $(VENV)
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@$(PYTHON) -c 'import find_libpython, sys; sys.exit(not find_libpython.find_libpython())' || \
	  { echo "Python's shared library is missing (Debian: apt-get install libpython3-dev)."; exit 1; }
	@touch $@

verilog: setup ## the main job: Verilog of the array in build/array
	$(VENV)/bin/gradgate generate array --out build/array

test: setup ## the regression
	$(PYTHON) -m pytest -p tests.progress $(TESTS) --numprocesses $(JOBS) --dist worksteal --durations 10

soak: setup ## 1,000 random layers and descriptors on the C-Core
	$(PYTHON) -m bench.soak --count 1000

mutation: setup ## does the regression notice faults? the share of mutants that is killed
	$(PYTHON) -m bench.mutation

demo: setup ## a CNN on real digits, every phase on the C-Core, with a chart
	$(PYTHON) -m bench.demo

lint: setup ## ruff check, ruff format --check, pyright
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m pyright

clean: ## remove builds and caches
	rm -rf build .cache .pytest_cache .ruff_cache
