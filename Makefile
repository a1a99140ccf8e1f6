# Two commands: `make demo` and `make test`. Both set the machine up first; Python 3.11+ and make are all they need.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
# Each of the two processes starts services of its own, so tests of one file stay together; in the order of their names, for by
# number of tests the long ones, which are one to a file, would all come last.
BY_TWO := --numprocesses 2 --dist loadfile --no-loadscope-reorder

.PHONY: help setup demo ui test check docs bench-backfill bench-listening bench-content bench-recommend bench-serving bench-world audit lock up down

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18

setup: $(READY) ## make .venv from the hash-pinned requirements

# A half-made environment has no stamp, so the next make goes on where this one stopped.
$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "podrec needs Python 3.11 or newer; give it by make PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "installing requirements (about 5 GB with torch's libraries, a few minutes the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.txt || { echo "The installation stopped: check the network or the package index, then run the same command again."; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY) ## start the services, fill every table from the sample world, show three lists
	$(BIN)/podrec demo

ui: $(READY) ## Dagster webserver, daemon and code location; prints the address
	$(BIN)/podrec ui

up: $(READY) ## start the embedded services
	$(BIN)/podrec up

down: $(READY) ## stop the embedded services, data is kept
	$(BIN)/podrec down

test: $(READY) ## all tests, with real services on free ports under a temporary home
	@sh .ci/browser
	$(BIN)/lint-imports
	$(BIN)/python -m pytest $(BY_TWO)

check: $(READY) ## the quick part: format, lint, types, imports, tests that take no seconds
	$(BIN)/ruff format --check podrec_assets podrec_assets_tests podrec_benchmarks
	$(BIN)/ruff check podrec_assets podrec_assets_tests podrec_benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q $(BY_TWO) -m "not services and not slow"

docs: $(READY) ## write the generated pages: docs/graph.md, docs/reference/cli.md and settings.md
	$(BIN)/python -m podrec_assets.cli.reference docs

bench-listening: $(READY) ## a million events through both engines beside a bare consumer loop
	$(BIN)/python -m podrec_benchmarks.listening

bench-content: $(READY) ## real episodes through the graph: neighbours by arm, token coverage, encoding and search speed
	$(BIN)/python -m podrec_benchmarks.content

bench-recommend: $(READY) ## ALS by its three engines and the lists made of it, at 0.1 and 1 million interactions
	$(BIN)/python -m podrec_benchmarks.recommend

bench-serving: $(READY) ## reads of lists beside a bare find_one, and charts on ten million events beside pyarrow
	$(BIN)/python -m podrec_benchmarks.serving

bench-world: $(READY) ## click-through of the lists in three simulated worlds beside ALS, content, popularity and the best there is
	$(BIN)/python -m podrec_benchmarks.recommend_world

bench-backfill: $(READY) ## 60 days of what is made each day through the daemon, killed in the middle
	$(BIN)/python -m podrec_benchmarks.backfill

audit: $(READY) ## known vulnerabilities of the locked packages, by PyPI's advisory database
	$(BIN)/pip-audit -r requirements.txt --no-deps --disable-pip --progress-spinner off

lock: $(READY) ## resolve requirements.in into requirements.txt, with hashes and without index addresses
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11 requirements.in -o requirements.txt
	$(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11 -c requirements.txt docker/requirements-dagster.in -o docker/requirements-dagster.txt
