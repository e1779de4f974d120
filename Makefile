# `make demo` on a fresh clone is all it takes: Python 3.11 or newer with venv, and make.
# Another Python: make PYTHON=python3.13 demo

PYTHON ?= python3
BIN := .venv/bin
RUN := $(BIN)/python -m
PIP := $(RUN) pip --disable-pip-version-check --quiet --quiet
READY := .venv/.ready

.DELETE_ON_ERROR:
.PHONY: demo test check nightly bench clean .venv

demo: $(READY)
	@$(BIN)/multibroker demo

test: $(READY)
	$(RUN) pytest -n 2

check: $(READY)
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) mypy
	$(BIN)/lint-imports --no-logo

# The slow tests, and the benchmarks at the sizes that take minutes.
nightly: $(READY)
	$(RUN) pytest -m nightly
	$(RUN) benchmarks --long

# Options: make bench ARGS="..."
bench: $(READY)
	$(RUN) benchmarks $(ARGS)

# All that make made, .venv too.
clean:
	rm -rf .venv .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv: $(READY)

# The build tools are installed first, so that they too are of the pinned versions.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "multibroker needs Python 3.11 or newer; name one with: make PYTHON=python3.12"; exit 1; }
	@echo "Preparing .venv, a minute or two the first time..." >&2
	@rm -f $(READY)
	@$(PYTHON) -m venv .venv
	@$(PIP) install -c constraints.txt hatchling editables
	@$(PIP) install -c constraints.txt --no-build-isolation -e '.[dev]'
	@touch $(READY)
