# Start with `make demo` and `make test`. Both install everything first; they need Python 3.11+ and make.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
# Each process starts its own services, so the tests of a file stay together. Files run in the order of
# their names: sorted by number of tests, the long files with one test each would all come last.
IN_PARALLEL := --numprocesses 2 --dist loadfile --no-loadscope-reorder

.PHONY: help setup demo ui test chaos coverage check docs bench-asr bench-backfill bench-listening bench-content bench-recommend bench-serving bench-world audit lock up down

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18

setup: $(READY) ## create .venv from the hash-pinned requirements

# A failed installation leaves no stamp, so the next make continues it.
$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "podrec needs Python 3.11 or newer: run make PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "installing requirements (about 3 GB to download, 7.5 GB on disk, mostly torch; a few minutes the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.txt || { echo "The installation failed: check the network or the package index, then run the same command again."; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY) ## start the services, fill all tables from the sample world, show three lists
	$(BIN)/podrec demo

ui: $(READY) ## start Dagster's webserver, daemon and code location; prints the address
	$(BIN)/podrec ui

up: $(READY) ## start the embedded services
	$(BIN)/podrec up

down: $(READY) ## stop the embedded services; data is kept
	$(BIN)/podrec down

test: $(READY) ## all tests, with real services on free ports in a temporary folder
	@sh .ci/browser
	$(BIN)/lint-imports
	$(BIN)/python -m pytest $(IN_PARALLEL)

chaos: $(READY) ## 1,000 crash schedules: killed at random calls to its stores, podrec ends as without a crash
	$(BIN)/python -m podrec_assets_tests.chaos --seeds 1000

coverage: $(READY) ## the fast tests with a coverage report
	$(BIN)/python -m pytest -q $(IN_PARALLEL) -m "not services and not slow" --cov --cov-report=term

check: $(READY) ## format, lint, types, imports, dependencies and the fast tests
	$(BIN)/ruff format --check podrec_assets podrec_assets_tests podrec_benchmarks
	$(BIN)/ruff check podrec_assets podrec_assets_tests podrec_benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/python -m pytest -q $(IN_PARALLEL) -m "not services and not slow"

docs: $(READY) ## write the generated pages: docs/graph.md, docs/reference/cli.md and settings.md
	$(BIN)/python -m podrec_assets.cli.reference_pages docs

bench-listening: $(READY) ## a million events through both engines, against a plain consumer loop
	$(BIN)/python -m podrec_benchmarks.listening

bench-content: $(READY) ## real episodes: neighbours by arm, token coverage, encoding and search speed
	$(BIN)/python -m podrec_benchmarks.content

bench-recommend: $(READY) ## the three ALS engines and the lists, at 0.1 and 1 million interactions
	$(BIN)/python -m podrec_benchmarks.recommend

bench-asr: $(READY) ## word error rate and speed of speech models, next to bare faster-whisper
	$(BIN)/python -m podrec_benchmarks.asr

bench-serving: $(READY) ## list reads against a plain find_one; charts of ten million events against pyarrow
	$(BIN)/python -m podrec_benchmarks.serving

bench-world: $(READY) ## click-through in three simulated worlds, against ALS, content, popularity and the optimum
	$(BIN)/python -m podrec_benchmarks.recommend_world

bench-backfill: $(READY) ## 60 days through the daemon, killed in the middle
	$(BIN)/python -m podrec_benchmarks.backfill

audit: $(READY) ## known vulnerabilities of the locked packages, from PyPI's advisory database
	$(BIN)/pip-audit -r requirements.txt --no-deps --disable-pip --progress-spinner off

lock: $(READY) ## resolve requirements.in into requirements.txt, with hashes and without index addresses
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11 requirements.in -o requirements.txt
	$(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11 -c requirements.txt docker/requirements-dagster.in -o docker/requirements-dagster.txt
