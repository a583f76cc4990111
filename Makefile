# make help lists the targets. Each one works on its own, from a fresh clone.

PYTHON ?= python3
VENV ?= .venv
PIP_ARGS ?=
RUN_ARGS ?=
TEST_ARGS ?=

BIN := $(VENV)/bin
APP_READY := $(VENV)/.app-ready
TESTS_READY := $(VENV)/.tests-ready
RAY_READY := $(VENV)/.ray-ready
MODELS_READY := $(VENV)/.models-ready

.DEFAULT_GOAL := help
.PHONY: help run test lint format types browser postgres ray trial audit bench train figures texts clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(MODELS_READY) ## set up and open the app at http://localhost:8501
	$(BIN)/python -m cervix_models serve $(RUN_ARGS)

test: lint types $(TESTS_READY) ## set up and run all checks that need no browser and no server
	$(BIN)/python -m pytest -m "not browser and not postgres and not ray and not trial" \
	  -n logical --maxprocesses 4 --dist loadfile $(TEST_ARGS)

lint: $(TESTS_READY) ## check style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(TESTS_READY) ## put the sources into their format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(TESTS_READY) ## check the types
	$(BIN)/mypy

browser: $(TESTS_READY) ## run the tests that drive Chromium
	$(BIN)/python -m pytest -m browser $(TEST_ARGS)

postgres: $(TESTS_READY) ## run the tests against a PostgreSQL server
	$(BIN)/python -m pytest -m postgres $(TEST_ARGS)

ray: $(RAY_READY) ## run the tests on a small Ray cluster of this machine
	$(BIN)/python -m pytest -m ray $(TEST_ARGS)

trial: $(TESTS_READY) ## run the long trials, of some minutes
	$(BIN)/python -m pytest -m trial $(TEST_ARGS)

audit: $(TESTS_READY) ## look for unsafe code, and for known faults of what is installed (needs the network)
	$(BIN)/bandit -c pyproject.toml -q -r app.py cervix_models pages scripts ui
	$(BIN)/pip-audit

bench: $(MODELS_READY) ## measure the time and memory of one reading
	$(BIN)/python -m cervix_models bench
	$(BIN)/python -m ui.first_page

train: $(APP_READY) ## train every model of the recipes
	PATH="$(abspath $(BIN)):$$PATH" scripts/train_all.sh

figures: $(TESTS_READY) ## copy figures from the results files into the documents
	$(BIN)/python -m scripts.figures

texts: $(TESTS_READY) ## bring the catalogues of the other languages up to the texts of the sources
	$(BIN)/python -m scripts.texts

clean: ## remove the environment and every cache; data, runs and weights stay
	rm -rf $(VENV) .cache .mypy_cache .pytest_cache .ruff_cache test-results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@command -v $(PYTHON) > /dev/null || { \
	  echo "There is no $(PYTHON) here. Install Python 3.11 or newer, or name it: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "$$($(PYTHON) --version) is too old: Python 3.11 or newer is needed. Name one: make PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "$(PYTHON) could not make an environment. On Debian and Ubuntu: apt install python3-venv"; exit 1; }

$(APP_READY): requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install $(PIP_ARGS) -r requirements.txt
	@touch $@

$(TESTS_READY): requirements.txt requirements-dev.txt | $(BIN)/python
	$(BIN)/python -m pip install $(PIP_ARGS) -r requirements-dev.txt
	@touch $(APP_READY) $@

$(RAY_READY): requirements-ray.txt $(TESTS_READY)
	$(BIN)/python -m pip install $(PIP_ARGS) -r requirements-ray.txt
	@touch $@

$(MODELS_READY): $(APP_READY) $(wildcard weights/*/card.json)
	$(BIN)/python -m cervix_models prepare
	@touch $@
