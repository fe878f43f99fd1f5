# demo · test · lint · bench · goldens · dist
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
LABS   := 3-1

.DEFAULT_GOAL := demo
.PHONY: demo test test-slow lint bench goldens dist clean

$(BIN)/labbench: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/dev: $(BIN)/labbench
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

# Two sample hand-ins: one right, one with a mistake.
demo: $(BIN)/labbench
	$(BIN)/labbench weights build
	$(BIN)/labbench list
	$(BIN)/labbench score --lab 3-1 --submission examples/lab3_1_right
	$(BIN)/labbench score --lab 3-1 --submission examples/lab3_1_mistake

test: $(VENV)/dev lint
	$(BIN)/labbench weights build
	$(BIN)/python -m pytest -m 'not slow'

test-slow: $(VENV)/dev
	$(BIN)/labbench weights build
	$(BIN)/python -m pytest -m slow

lint: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/dev
	$(BIN)/python -m benchmarks

goldens: $(BIN)/labbench
	for lab in $(LABS); do $(BIN)/labbench goldens build --lab $$lab --practice || exit 1; done

dist: $(VENV)/dev
	$(BIN)/python -m pip install --quiet build
	$(BIN)/python -m build --outdir dist .

clean:
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
