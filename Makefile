# Needs Python >= 3.11 and nothing else; every target makes .venv by itself.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help install demo demo-label-studio test test-long bench lint notebooks clean

help:
	@echo "make demo       audit the sample project and write demo/report.html"
	@echo "make demo-label-studio   the review loop on a throwaway Label Studio server"
	@echo "make test       lint, types, layering and every test"
	@echo "make test-long  the long simulations (resumable; see CONTRIBUTING.md)"
	@echo "make bench      every benchmark; tables into benchmarks/RESULTS.md"
	@echo "make notebooks  execute the notebooks in place"

install: $(STAMP)

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("annoaudit needs Python 3.11 or newer" if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $(STAMP)

demo: $(STAMP)
	@$(BIN)/annoaudit audit sample_data/labels.csv --gold sample_data/gold.csv --out demo
	@$(BIN)/python -c 'import sys, webbrowser, pathlib; sys.stdout.isatty() and webbrowser.open(pathlib.Path("demo/report.html").resolve().as_uri())'

demo-label-studio: $(STAMP)
	@$(BIN)/python tests/live/demo_server.py

test: $(STAMP) lint
	$(BIN)/python -m pytest -n auto --dist loadfile

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test-long: $(STAMP)
	$(BIN)/python benchmarks/run_all.py --only agreement truth_inference label_errors evidence hostile_inputs tampering killing month

bench: $(STAMP)
	$(BIN)/python benchmarks/run_all.py

notebooks: $(STAMP)
	$(BIN)/python notebooks/execute.py

clean:
	rm -rf demo out dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
