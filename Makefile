# Every target works on a fresh machine: what it needs, it installs into .venv first.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.PHONY: help setup run browser test slow suite soak check attack fuzz mutate bench bench-detection bench-benefits bench-stream bench-together kafka faults schemas dashboards pictures lock clean

help:            ## list the targets
	@grep -E '^[a-z-]+: .*##|^[a-z-]+:  *##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 18

# Of nine thousand modules a third is ever loaded, and compiled then: to compile all of them takes half a minute.
$(VENV)/installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

setup: $(VENV)/installed  ## .venv with the locked dependencies and the command `nytta`

run: setup       ## load an invented county with five stories, and open the console; Ctrl-C ends it
	@$(BIN)/nytta up --demo --data var/demo

browser: setup   ## a Chromium for the tests of the console, where the machine has none
	@command -v chromium >/dev/null || $(BIN)/python -m playwright install --with-deps chromium

# Files stay whole, because their fixtures are dear, and come in the order of tests/support/longest.py.
FILES := --dist loadfile --no-loadscope-reorder --durations 25

# A worker more than the two cores there: while one waits for a broker, a scrape or a schedule, the others work.
WORKERS ?= 3

test: setup      ## everything that is quick; no server needed
	$(BIN)/python -m pytest --numprocesses $(WORKERS) $(FILES) -m "not slow and not soak"

slow: setup      ## the long runs: brokers, workers, kills, stores with months of events, whole commands
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 2 $(FILES) -m "slow and not soak"

suite: setup     ## both in one run, which collects once and makes what they share once; continuous integration runs it
	$(BIN)/python -m pytest --numprocesses $(WORKERS) $(FILES) -m "not soak"

soak: setup      ## the longest runs: real logs in every order, stories week by week, attacks on large trees, every fault
	$(BIN)/python -m pytest -m soak

check: setup     ## style, types, import contracts, drift of generated files
	$(BIN)/ruff format --check services tests
	$(BIN)/ruff check services tests
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/nytta schemas build --check
	$(BIN)/nytta dashboards build --check

attack: setup    ## attack what invented organisations publish; exit code 1 where a bound is broken
	$(BIN)/python -m tests.attack $(ATTACK)

fuzz: setup      ## 200,000 mutated inputs by every way in; a seed and a number make one of them again
	$(BIN)/python -m tests.fuzz $(FUZZ)

# Mutmut wants a click that Faust does not, so it stands beside the environment and not in it.
mutate: setup    ## faults put into pure cores, one at a time; exit code 1 where more go unnoticed than are explained
	@test -d var/mutmut || $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-warn-conflicts --target var/mutmut mutmut==3.8.1
	$(BIN)/python -m tests.mutate $(MUTATE)

bench: setup     ## speed as ratios, written to var/bench.json
	$(BIN)/python -m tests.bench --out var/bench.json

bench-detection: setup  ## lag detection on invented organisations, 20 seeds
	$(BIN)/python -m tests.bench.detection

bench-benefits: setup  ## forecasts of benefits, and what followed actions, on simulated ones
	$(BIN)/python -m tests.bench.benefits
	$(BIN)/python -m tests.bench.effects

bench-stream: setup  ## workers behind Kafka, the rate of the gateway, event to cell; written to var/bench-stream.json
	$(BIN)/python -m tests.bench.stream --out var/bench-stream.json

bench-together: setup  ## 50 readers beside 2,000 events a second for three minutes
	$(BIN)/python -m tests.bench.together

kafka:           ## one Apache Kafka broker on 127.0.0.1:9092, its data in var/kafka (Java 17, Maven)
	deploy/kafka/kafka.sh run

faults: setup    ## kill, cut off and flood the streaming parts; prints what was acknowledged, stored, lost, doubled
	$(BIN)/python -m tests.faults

dashboards: setup  ## render dashboards/*.json from services/nytta/surfaces/grafana
	$(BIN)/nytta dashboards build

schemas: setup   ## generate schemas/events and docs/indicators.md
	$(BIN)/nytta schemas build

pictures: setup  ## pictures of the dashboards with the figures of a story, in var/pictures
	$(BIN)/nytta simulate --story all --out var/pictures/story
	$(BIN)/nytta import var/pictures/story/events.ndjson --registry var/pictures/story/registry --data var/pictures/data
	$(BIN)/nytta alerts evaluate --registry var/pictures/story/registry --data var/pictures/data > /dev/null || true
	$(BIN)/python -m tests.surfaces.grafana.pictures var/pictures/data

lock:            ## write requirements.lock and those of the image anew (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --group dev pyproject.toml --output-file requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --constraint requirements.lock --no-emit-package chdb --no-emit-package chdb-core --no-emit-package pandas pyproject.toml --output-file deploy/requirements-image.lock
	echo hatchling | uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --constraint requirements.lock - --output-file deploy/requirements-build.lock

clean:           ## remove what the targets made
	rm -rf $(VENV) var .mypy_cache .ruff_cache .pytest_cache .hypothesis
