# Two commands matter: `make demo` shows the product, `make test` proves it. Each sets up what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
FOLDERS := config connectors model reports sandbox service sync
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test lint format docs pictures bench simulate lock clean

demo: $(VENV)/runtime
	$(BIN)/crosstie demo --output demo-out

test: lint
	$(BIN)/python -m compileall -q $(FOLDERS)
	$(BIN)/python -m slipcover --json --out .coverage.json -m pytest -n 2 --dist loadfile --no-loadscope-reorder
	$(BIN)/python -m slipcover --merge .coverage.json --out .coverage.json --fail-under 85

lint: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The reference pages, as the program describes itself; a test fails when they are out of date.
docs: $(VENV)/runtime
	$(BIN)/python -m service.reference

# The locks hold the hashes of every file of each release and no addresses; renew them with `make lock`.
lock:
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--no-annotate --group build $(LOCK_ARGS) pyproject.toml -o requirements.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--no-annotate --group build $(LOCK_ARGS) --all-extras -c requirements.lock pyproject.toml -o requirements-dev.lock

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Crosstie needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/runtime: requirements.lock pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -q $(FOLDERS)
	touch $@

$(VENV)/dev: requirements-dev.lock pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -q $(FOLDERS)
	touch $@ $(VENV)/runtime

clean:
	rm -rf $(VENV) demo-out .coverage.json

pictures: $(VENV)/dev
	$(BIN)/python docs/pictures.py

# What it costs, beside the least that any tool must do; fills in docs/performance.md. Sizes: BENCH_ARGS="--large 50000"
bench: $(VENV)/dev
	$(BIN)/python -m bench $(BENCH_ARGS)

# Lives of two-way sync with faults and crashes, one a seed; one that fails prints its shortest story.
SEED ?= 1
N ?= 100
simulate: $(VENV)/dev
	$(BIN)/python -m tests.simulator --seed $(SEED) --count $(N)
