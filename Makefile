# `make run` and `make test` do all the set-up they need; a second time they start at once.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
PARTS := app engine lessons assets

.PHONY: run test lint unit acceptance bench pictures clean

run: .venv/.run
	@if [ -t 0 ] && [ -t 1 ] && [ -z "$(ARGS)" ]; then exec $(BIN)/fastai-tui; \
	else exec $(BIN)/fastai-tui train mnist --data mnist-sample --epochs 10 $(ARGS); fi

test: lint unit

lint: .venv/.dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@mkdir -p .typing/fastai_tui && for part in $(PARTS); do ln -sfn ../../$$part .typing/fastai_tui/$$part; done
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/fastai-tui check

unit: .venv/.dev  # many tests wait for a screen: three workers a core keep two busy; what one has compiled the others find
	@PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n 6 --dist worksteal -m "not acceptance" $(ARGS)

acceptance: .venv/.dev  # what takes longer than a test may; its results stand in BENCHMARKS.md
	@$(BIN)/pytest -m acceptance -s --timeout 3600 $(ARGS)

bench: .venv/.run
	@$(BIN)/fastai-tui bench $(ARGS)

pictures: .venv/.dev  # plays the app and keeps what its terminal shows, for the README
	@$(BIN)/python -m tests.tools.pictures

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "fastai-tui needs Python 3.11 or newer with its venv module (on Debian: apt install python3-venv)."; exit 1; }
	@$(PYTHON) -m venv .venv

.venv/.run: pyproject.toml | .venv/bin/python
	@echo "Setting up in .venv: PyTorch is large, this takes a few minutes, once." >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable . >&2
	@$(BIN)/python -m compileall -q $(PARTS)  # or the first start takes a third longer
	@touch $@

.venv/.dev: pyproject.toml | .venv/bin/python
	@echo "Setting up in .venv: PyTorch is large, this takes a few minutes, once." >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]' >&2
	@$(BIN)/python -m compileall -q $(PARTS)
	@touch $@ .venv/.run

clean:
	rm -rf .venv .typing build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
