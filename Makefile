# The whole life of a checkout. `make up` to use Wharfinger, `make test` to trust it.
# Set-up is part of each target: tools/prepare.py does what is missing and nothing else.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
# Without byte code kept, each process would read all sources anew, and pytest rewrite all tests.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3
BIN := .venv/bin
PREPARE := $(PYTHON) tools/prepare.py

.PHONY: help up down check lint unit test test-cluster bench
help: ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/make \1\t\2/' | expand -t 20

up: ## Start the server in the background and say what to do next
	@$(PREPARE) runtime
	@$(BIN)/wharf up --detach
	@echo 'Stop it with: make down'

down: ## Stop what `make up` started
	@$(BIN)/wharf down

check: ## Format, lint, types, imports and unit tests: what to run before each commit
	@$(PREPARE) develop
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target lint unit

# The types take one processor for most of a minute, and the tests mind nothing of it.
lint:
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

unit:
	$(BIN)/pytest -q -m 'not e2e' --ignore=tests/e2e --ignore=tests/cluster_suite -n auto

test: check ## Check, then the end-to-end tests with real clients, disks and engines
	@$(PREPARE) machine
	$(BIN)/pytest -m e2e -n auto --dist loadscope --no-loadscope-reorder

# An exported KUBECONFIG is not enough: whoever lets nodes of a cluster be closed says so.
test-cluster: ## Try evacuations on a real cluster: make test-cluster KUBECONFIG=FILE IMAGE=NAME
	@test '$(origin KUBECONFIG)' = 'command line' -a -n '$(IMAGE)' || \
		{ echo 'name the cluster, and an image that its nodes can pull: make test-cluster KUBECONFIG=FILE IMAGE=NAME'; exit 2; } >&2
	@$(PREPARE) machine
	WHARF_TEST_KUBECONFIG='$(KUBECONFIG)' WHARF_TEST_IMAGE='$(IMAGE)' $(BIN)/pytest -m e2e tests/cluster_suite

bench: ## Measure side by side with docker-registry and print the ratios
	@$(PREPARE) machine
	PYTHONPATH=tests $(BIN)/python -m bench
