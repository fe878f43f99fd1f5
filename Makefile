# demo · test · lint · bench · goldens · dist, and nothing clever.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest -n auto
LABS   := 3-1 3-2 3-3

.DEFAULT_GOAL := demo
.PHONY: demo test test-slow lint bench goldens dist wheel-check clean

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

# Sample hand-ins of each lab: one right, one with a mistake.
demo: $(VENV)/installed
	$(BIN)/labbench weights build
	$(BIN)/labbench list
	$(BIN)/labbench score --lab 3-1 --submission examples/lab3_1_right
	$(BIN)/labbench score --lab 3-1 --submission examples/lab3_1_mistake
	$(BIN)/labbench score --lab 3-2 --submission examples/lab3_2_right
	$(BIN)/labbench score --lab 3-2 --submission examples/lab3_2_mistake
	$(BIN)/labbench score --lab 3-3 --submission examples/lab3_3_right
	$(BIN)/labbench score --lab 3-3 --submission examples/lab3_3_mistake

test: $(VENV)/installed-dev lint
	$(BIN)/labbench weights build
	$(PYTEST) --dist loadfile -m "not slow"

test-slow: $(VENV)/installed-dev
	$(BIN)/labbench weights build
	$(PYTEST) --dist load -m slow $(SLOW)

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

# Ratios, measured side by side in one run.
bench: $(VENV)/installed-dev
	$(BIN)/labbench weights build
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.gradebook

# The practice packs that are committed.
goldens: $(VENV)/installed
	for lab in $(LABS); do $(BIN)/labbench goldens build --lab $$lab --practice || exit 1; done

dist: $(VENV)/installed-dev
	rm -rf dist
	$(BIN)/python -m build --outdir dist .

# The wheel alone, in an environment of its own, finds its catalogue, packs and templates.
wheel-check: dist
	rm -rf $(VENV)/wheel
	$(PYTHON) -m venv $(VENV)/wheel
	$(VENV)/wheel/bin/python -m pip install --quiet dist/*.whl
	cd / && for lab in $(LABS); do $(CURDIR)/$(VENV)/wheel/bin/labbench goldens info --lab $$lab || exit 1; done
	cd / && $(CURDIR)/$(VENV)/wheel/bin/labbench score --lab 3-1 \
		--submission $(CURDIR)/examples/lab3_1_right --fail-under 100

clean:
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
