# The whole life of a checkout. `make up` to use Wharfinger, `make test` to trust it.
# Set-up is part of each target: tools/prepare.py does what is missing and nothing else.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
BIN := .venv/bin
PREPARE := $(PYTHON) tools/prepare.py

.PHONY: help up down check test bench
help: ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/make \1\t\2/' | expand -t 17

up: ## Start the server in the background and say what to do next
	@$(PREPARE) runtime
	@$(BIN)/wharf up --detach
	@echo 'Stop it with: make down'

down: ## Stop what `make up` started
	@$(BIN)/wharf down

check: ## Format, lint, types, imports and unit tests: what to run before each commit
	@$(PREPARE) develop
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q -m 'not e2e' -n auto

test: check ## Check, then the end-to-end tests with real clients, disks and engines
	@$(PREPARE) machine
	$(BIN)/pytest -m e2e -n auto --dist loadscope --no-loadscope-reorder

bench: ## Measure side by side with docker-registry and print the ratios
	@$(PREPARE) machine
	PYTHONPATH=tests $(BIN)/python -m bench
