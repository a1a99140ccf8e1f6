# Start with `make demo` and `make test`. Both install everything first; they need Python 3.11+ and make.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
# EXTRAS=torch adds the backend sentence-transformers. The tests need it and the development tools.
EXTRAS ?=
TORCH := .venv/.ready-torch
TOOLS := .venv/.ready-dev
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps
FAILED := { echo "The installation failed: check the network or the package index, then run the same command again."; exit 1; }
# Each process starts its own services, so the tests of a file stay together. Files run in the order of
# their names: sorted by number of tests, the long files with one test each would all come last.
IN_PARALLEL := --numprocesses 2 --dist loadfile --no-loadscope-reorder

.PHONY: help setup demo ui test chaos coverage check docs bench-asr bench-backfill bench-listening bench-content bench-recommend bench-serving bench-world audit lock up down

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18

setup: $(READY) $(if $(filter torch,$(EXTRAS)),$(TORCH)) ## create .venv from the hash-pinned requirements; EXTRAS=torch adds torch

# A failed installation leaves no stamp, so the next make continues it.
$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "podrec needs Python 3.11 or newer: run make PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "installing requirements (about 1 GB to download, 2.5 GB on disk; a few minutes the first time)"
	@$(INSTALL) --require-hashes -r requirements.txt || $(FAILED)
	@$(INSTALL) --no-build-isolation -e .
	@touch $@

$(TORCH): $(READY) requirements-torch.txt
	@echo "installing torch and sentence-transformers (about 2 GB to download, 4.7 GB on disk)"
	@$(INSTALL) --require-hashes -r requirements-torch.txt || $(FAILED)
	@touch $@

$(TOOLS): $(TORCH) requirements-dev.txt
	@echo "installing development tools"
	@$(INSTALL) --require-hashes -r requirements-dev.txt || $(FAILED)
	@touch $@

demo: $(READY) ## start the services, fill all tables from the sample world, show three lists
	$(BIN)/podrec demo

ui: $(READY) ## start Dagster's webserver, daemon and code location; prints the address
	$(BIN)/podrec ui

up: $(READY) ## start the embedded services
	$(BIN)/podrec up

down: $(READY) ## stop the embedded services; data is kept
	$(BIN)/podrec down

test: $(TOOLS) ## all tests, with real services on free ports in a temporary folder
	@sh .ci/browser
	$(BIN)/lint-imports
	$(BIN)/python -m pytest $(IN_PARALLEL)

chaos: $(TOOLS) ## 1,000 crash schedules: killed at random calls to its stores, podrec ends as without a crash
	$(BIN)/python -m podrec_assets_tests.chaos --seeds 1000

coverage: $(TOOLS) ## the fast tests with a coverage report
	$(BIN)/python -m pytest -q $(IN_PARALLEL) -m "not services and not slow" --cov --cov-report=term

check: $(TOOLS) ## format, lint, types, imports, dependencies and the fast tests
	$(BIN)/ruff format --check podrec_assets podrec_assets_tests podrec_benchmarks
	$(BIN)/ruff check podrec_assets podrec_assets_tests podrec_benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/python -m pytest -q $(IN_PARALLEL) -m "not services and not slow"

docs: $(READY) ## write the generated pages: docs/graph.md, docs/reference/cli.md and settings.md
	$(BIN)/python -m podrec_assets.cli.reference_pages docs

bench-listening: $(TOOLS) ## a million events through both engines, against a plain consumer loop
	$(BIN)/python -m podrec_benchmarks.listening

bench-content: $(TOOLS) ## real episodes: neighbours by arm, token coverage, encoding and search speed
	$(BIN)/python -m podrec_benchmarks.content

bench-recommend: $(TOOLS) ## the three ALS engines and the lists, at 0.1 and 1 million interactions
	$(BIN)/python -m podrec_benchmarks.recommend

bench-asr: $(TOOLS) ## word error rate and speed of speech models, next to bare faster-whisper
	$(BIN)/python -m podrec_benchmarks.asr

bench-serving: $(TOOLS) ## list reads against a plain find_one; charts of ten million events against pyarrow
	$(BIN)/python -m podrec_benchmarks.serving

bench-world: $(TOOLS) ## click-through in three simulated worlds, against ALS, content, popularity and the optimum
	$(BIN)/python -m podrec_benchmarks.recommend_world

bench-backfill: $(TOOLS) ## 60 days through the daemon, killed in the middle
	$(BIN)/python -m podrec_benchmarks.backfill

LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11

audit: $(TOOLS) ## known vulnerabilities of the locked packages, from PyPI's advisory database
	$(BIN)/pip-audit -r requirements.txt -r requirements-torch.txt --no-deps --disable-pip --progress-spinner off

lock: $(TOOLS) ## resolve requirements*.in for all platforms, with hashes and without index addresses
	$(LOCK) requirements.in -o requirements.txt
	$(LOCK) requirements-torch.in -o requirements-torch.txt
	$(LOCK) requirements-dev.in -o requirements-dev.txt
	$(LOCK) -c requirements.txt docker/requirements-dagster.in -o docker/requirements-dagster.txt
