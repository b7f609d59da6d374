# Sets up its own environment in .venv; needs Python 3.10-3.13, git and make, nothing else.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
# The official LAION-CLAP code needs numpy 1, which has no build for Python 3.13.
EXTRAS := $(shell $(PYTHON) -c 'import sys; print("dev,laion-clap" if sys.version_info < (3, 13) else "dev")')
export HF_HUB_OFFLINE ?= 1

.PHONY: demo test test-fast check install clean

demo: $(STAMP)
	$(BIN)/anysense demo

test: $(STAMP)
	$(BIN)/python -m pytest --cov -n auto

test-fast: $(STAMP)
	$(BIN)/python -m pytest -n auto -m "not slow"

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

install: $(STAMP)

# An editable install in strict mode links each file: a new file needs a new install.
LINKED := $(shell find embed index server -type f ! -name '*.pyc')

$(STAMP): pyproject.toml $(LINKED)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -e ".[$(EXTRAS)]"
	touch $@

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .coverage
