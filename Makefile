# Three commands do everything: make demo, make web, make test.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
TOOLS := $(VENV)/.tools
WEB := $(VENV)/.web
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# Everything comes by version and hash; the project itself is built with what is installed then.
LOCKED := --require-hashes -r
ITSELF := --no-deps --no-build-isolation -e .

.DEFAULT_GOAL := help
.PHONY: help demo web test test-slow test-all test-spark slow-list lint bench docs locks clean setup

help: ## show this help
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(TOOLS) ## make the environment with all tools, pinned

$(READY): pyproject.toml requirements/run.lock
	$(PYTHON) -c 'import sys; sys.exit("drgpay needs Python 3.11 or newer" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(PIP) $(LOCKED) requirements/run.lock
	$(PIP) $(ITSELF)
	touch $(READY)

# What tests and benchmarks need besides; Spark is most of it.
$(TOOLS): $(READY) requirements/dev.lock
	$(PIP) $(LOCKED) requirements/dev.lock
	touch $(TOOLS)

# What the office needs besides.
$(WEB): $(READY) requirements/web.lock
	$(PIP) $(LOCKED) requirements/web.lock
	touch $(WEB)

web: $(WEB) ## set the office up as a demonstration and serve it; Ctrl-C stops all of it
	$(BIN)/drgpay-web init --demo
	$(BIN)/drgpay-web serve

demo: $(READY) ## make a region, settle its year, check it, and show where the report is
	$(BIN)/drgpay demo --output demo --lived
	@echo '在浏览器里办公 the office in a browser: make web'

PYTEST := $(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder --durations 10
# Programs that the tests start need twice as long without the bytecode.
test test-slow test-all test-spark slow-list: export PYTHONDONTWRITEBYTECODE :=

test: lint ## lint, types, architecture, and the tests, but for those that take long; names the ten slowest
	$(PYTEST)

test-slow: $(TOOLS) ## tests marked slow, journeys in a browser among them, and more draws
	$(PYTEST) -m 'slow and not exhaustive'
	DRGPAY_TEST_TIMES=3 $(PYTEST) tests/fuzz tests/web/test_any_walk.py tests/web/test_clearing_walk.py tests/web/test_api_document.py

slow-list: $(TOOLS) ## measure every test, and name in tests/slow.txt those that take long: half an hour
	DRGPAY_TEST_TIMING=yes $(BIN)/python -m pytest -m 'not exhaustive and not browser'

test-all: lint ## every test, and more examples of what is drawn: takes more than an hour
	DRGPAY_TEST_TIMES=15 $(PYTEST) -m ''

test-spark: $(TOOLS) ## the tests of the design, of runs and of commands, all on Spark
	DRGPAY_TEST_ENGINE=spark $(BIN)/python -m pytest -m '' tests/spec $$(grep -lrE 'support.engines|small_run' tests/unit)

lint: $(TOOLS) ## ruff, mypy --strict, import-linter
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/ruff format --check --quiet src tests benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

bench: $(TOOLS) ## measure: ratios in one run, growth, memory, where the time goes
	$(BIN)/python benchmarks/bench.py

docs: $(WEB) ## write the generated pages in docs/
	$(BIN)/drgpay docs write docs
	$(BIN)/python -c "from drgpay_web.people.matrix import matrix_markdown as said; print(said(), end='')" > docs/office-matrix.md

LOCK := uv pip compile --quiet pyproject.toml requirements/build.in -c constraints.txt --generate-hashes --universal \
	--allow-unsafe --no-header --no-emit-index-url --no-annotate

locks: ## work out the hashes again after a change of constraints.txt; needs uv
	$(LOCK) --extra report -o requirements/run.lock
	$(LOCK) --extra report --extra web -o requirements/web.lock
	$(LOCK) --extra dev -o requirements/dev.lock

clean: ## remove what the other targets made
	rm -rf $(VENV) build dist demo bench-results .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
