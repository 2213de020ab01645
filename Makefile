# make run       searches the sample table; DATA=my.csv TARGET=column searches your own
# make help      lists everything

# What a run is given; each may be set on the command line: make run DATA=my.csv TARGET=price METRIC=r2 TIME_LEFT=120
DATA ?=
TARGET ?=
METRIC ?=
# a minute, in generations small enough to watch; without make the defaults are 600 s and 64 individuals
TIME_LEFT ?= 60
POPULATION_SIZE ?= 16
GENERATIONS ?=
SEARCH_SPACE ?=
SEED ?=
# of make resume and make verify
TASK ?=
# of make serve: a model's name in the registry; needed where several have a champion
NAME ?=
# any further options of clearml-automl run
OPTIONS ?=

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

SETTINGS = $(if $(DATA),--data "$(DATA)") $(if $(TARGET),--target "$(TARGET)") $(if $(METRIC),--metric "$(METRIC)") \
  --time-left "$(TIME_LEFT)" $(if $(GENERATIONS),--generations "$(GENERATIONS)") \
  $(if $(POPULATION_SIZE),--population-size "$(POPULATION_SIZE)") $(if $(SEARCH_SPACE),--search-space "$(SEARCH_SPACE)") \
  $(if $(SEED),--seed "$(SEED)") $(OPTIONS)

.DEFAULT_GOAL := help
.PHONY: help setup run enqueue resume status clearml-server clearml-stop clearml-test agent dask serve verify test lint bench bench-search bench-server bench-serve docs picture pictures lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'

setup: $(READY) ## make the environment in .venv from requirements.lock

$(READY): requirements.lock pyproject.toml
	@config/setup.sh "$(PYTHON)"
	@touch $@

run: $(READY) ## search a table as a ClearML task, from queue to registry (DATA= TARGET= METRIC= TIME_LEFT= ...)
	@$(BIN)/clearml-automl run $(SETTINGS)

enqueue: $(READY) ## put a run into the queue and print the task's id
	@$(BIN)/clearml-automl enqueue $(SETTINGS)

resume: $(READY) ## go on with a run that was interrupted: make resume TASK=id
	@$(BIN)/clearml-automl resume "$(TASK)"

status: $(READY) ## show server, pool, agent and the latest tasks
	@$(BIN)/clearml-automl status

clearml-server: $(READY) ## start a ClearML server: the embedded one, or with DOCKER=1 the genuine one
	@$(if $(DOCKER),clearml/start-genuine-server.sh,$(BIN)/clearml-automl server start)

clearml-stop: $(READY) ## stop what this project started, and only that
	@$(BIN)/clearml-automl stop

clearml-test: $(READY) ## a 20-second search that fails loudly if a link of the chain is broken
	@$(BIN)/clearml-automl check

agent: $(READY) ## start the agent that serves the queue
	@$(BIN)/clearml-automl start agent

dask: $(READY) ## start the Dask scheduler and its workers
	@$(BIN)/clearml-automl start dask

serve: $(READY) ## answer requests with the champion of a model: make serve NAME="AutoML/german_credit"
	@$(BIN)/clearml-automl serve $(if $(NAME),"$(NAME)") $(OPTIONS)

verify: $(READY) ## rebuild what a run published from what it recorded, and compare: make verify TASK=id
	@$(BIN)/clearml-automl verify "$(TASK)" $(OPTIONS)

test: $(READY) ## run all tests
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@tests/browser/install-chromium.sh
	@$(BIN)/python -m pytest -q --numprocesses 2 --dist loadfile --no-loadscope-reorder tests/end_to_end tests || { \
	  test $$? -eq 1 || exit 1; \
	  echo "once more, one after the other: what failed here may have starved beside others on a busy machine" >&2; \
	  $(BIN)/python -m pytest -q --numprocesses 0 --last-failed --last-failed-no-failures none tests; }

lint: $(READY) ## check style, types and floors
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(READY) ## measure what README.md states: enqueue to first scalar, cost of tracking
	@$(BIN)/python -m tests.benchmarks.tracking

bench-search: $(READY) ## compare the search with stock TPOT, FLAML and AutoGluon, each in its own environment (OPTIONS="--budget 300")
	@$(BIN)/python -m tests.benchmarks.search.benchmark $(OPTIONS)

bench-server: $(READY) ## measure the embedded server: scalars a second, memory, start, pages with a million scalars, agents that poll
	@$(BIN)/python -m tests.benchmarks.server $(OPTIONS)

bench-serve: $(READY) ## measure the service: requests a second, latencies, beside mlflow's on the same pipeline
	@$(BIN)/python -m tests.benchmarks.serving $(OPTIONS)

docs: $(READY) ## write the settings tables of README.md and docs/settings.md and the list of the server's actions anew
	@$(BIN)/python -m config.documentation
	@$(BIN)/python -m embedded_server.actions_document

picture: $(READY) ## make the picture of README.md out of a real run
	@$(BIN)/python docs/make_picture.py

pictures: $(READY) ## make the pictures of docs/pages.md out of real runs (minutes; needs Chromium)
	@tests/browser/install-chromium.sh
	@$(BIN)/python docs/make_pictures.py

lock: ## resolve requirements.lock anew (needs uv)
	uv pip compile pyproject.toml --extra development --universal --python-version 3.10 \
	  --no-emit-package nvidia-nccl-cu12 --no-annotate --no-header --quiet --output-file requirements.lock

clean: ## remove what was built here; the stack's data stays
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
