# `make run` shows mon at work, `make test` tests everything.  Both make .venv when it is not there.
#
# PYTHON chooses the interpreter; else the first of these that works and is 3.11 or newer.

PYTHONS = $(PYTHON) python3.13 python3.12 python3.11 python3
VENV    = .venv
BIN     = $(VENV)/bin
SOURCES = setup.cfg pyproject.toml Makefile

.PHONY: run test lint lab laws compat bench bench-peers soak lab-bench crash power-cuts clean

run: $(VENV)/.demo
	@$(BIN)/mon demo

test: $(VENV)/.test
	@BIN=$(BIN) tests/run.sh

lint: $(VENV)/.test
	@BIN=$(BIN) tests/run.sh lint

lab: $(VENV)/.test
	@$(BIN)/pytest tests/lab

# 100,000 random steps of a pool's life: some minutes.  SEED=N takes other ones.
laws: $(VENV)/.test
	@MON_LAWS=100000 $(BIN)/pytest tests/pool/test_laws.py --hypothesis-seed=$(or $(SEED),1)

compat: $(VENV)/.test
	@tests/compat/compat.py check --daemon '$(abspath $(BIN))/mon' $(SCENARIOS)

# A thousand outages with kills, and a hundred with an orderly end in them: about twenty minutes.
crash: $(VENV)/.test
	@$(BIN)/python tests/crash/campaign.py --runs 1000 --jobs 8
	@$(BIN)/python tests/crash/stops.py --runs 100

# Ten power cuts in the middle of an outage: about three minutes.
power-cuts: $(VENV)/.test
	@$(BIN)/python tests/lab/power_cuts.py --cuts 10

# All of it is some minutes; BENCHMARKS="start reload" runs these only, WRITE=docs/performance.md renews its table.
bench: $(VENV)/.test
	@$(BIN)/python benchmarks/table.py $(if $(WRITE),--write $(WRITE)) $(BENCHMARKS)

bench-peers: $(VENV)/.test
	@$(BIN)/python benchmarks/peers.py $(if $(WRITE),--write $(WRITE))

# Ten minutes at 5,000 checks a second.
soak: $(VENV)/.test
	@$(BIN)/python benchmarks/soak.py

lab-bench: $(VENV)/.test
	@$(BIN)/python benchmarks/lab_peers.py $(RUNS)

# A file each says what was installed, so that the second time costs nothing.
$(VENV)/.demo: $(SOURCES) | $(VENV)/bin/python
	@echo "installing mon and what its demo needs into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[demo]'
	@touch $@

$(VENV)/.test: $(SOURCES) | $(VENV)/bin/python
	@echo "installing mon and what its tests need into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[demo,test]'
	@touch $@ $(VENV)/.demo

$(VENV)/bin/python:
	@for python in $(PYTHONS); do \
	    $$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	    echo "making $(VENV) with $$($$python --version)"; \
	    exec $$python -m venv $(VENV); \
	done; \
	echo "make: no Python 3.11 or newer with venv found: install python3 and python3-venv, or name one: make PYTHON=..." >&2; \
	exit 1

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
