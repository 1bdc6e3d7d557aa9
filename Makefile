# Thin: every target makes the environment if it is missing, and calls one command.
#   make deploy ARGS='kafka-k8s-setup --timeout 10m'   passes options on
SHELL := /bin/sh
.DEFAULT_GOAL := help
PYTHON ?= python3
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/learnflow-infra
VENV := $(CACHE)/venv/$(shell printf %s '$(CURDIR)' | cksum | cut -d' ' -f1)
READY := $(VENV)/ready-$(shell cat constraints.txt pyproject.toml | cksum | cut -d' ' -f1)
export PYTHONPYCACHEPREFIX := $(CACHE)/pycache
export LEARNFLOW_VIA_MAKE := 1
unexport PYTHONDONTWRITEBYTECODE
CLI := $(VENV)/bin/learnflow-infra
VERBS := deploy verify status endpoints diagnose delete doctor

.PHONY: help setup test lint unit contract cluster-tests e2e bench $(VERBS)

help: ## list the targets
	@awk -F':.*## ' '/^[a-z%-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

deploy: ## bring Kubernetes, deploy both skills, verify them, record the endpoints
verify: ## write and read real data, from inside the cluster and from this host
status: ## releases and what they own
endpoints: ## where applications connect
diagnose: ## what is not ready, and why
delete: ## uninstall; volumes stay (ARGS=--purge-data deletes them)
doctor: ## check the foundation, change nothing
$(VERBS): setup
	@$(CLI) $@ $(ARGS)

cluster-%: setup ## up, status, stop, delete, kubeconfig of the embedded cluster
	@$(CLI) cluster $* $(ARGS)

setup: $(READY) ## make the Python environment (in the cache, not in the checkout)

$(READY): constraints.txt pyproject.toml
	@PYTHON='$(PYTHON)' sh learnflow_infra/bootstrap.sh '$(VENV)' '$@'

test: lint unit contract cluster-tests e2e ## the whole test suite

lint: setup ## ruff, mypy, import-linter
	@$(VENV)/bin/ruff check --no-cache . && $(VENV)/bin/ruff format --no-cache --check .
	@$(VENV)/bin/mypy && $(VENV)/bin/lint-imports --no-cache

unit: setup ## tests that need no cluster
	@$(VENV)/bin/pytest -q tests/unit $(ARGS)

contract: setup ## tests against a real kube-apiserver
	@$(VENV)/bin/pytest -q tests/contract $(ARGS)

cluster-tests: setup ## tests of the embedded cluster
	@$(VENV)/bin/pytest -q tests/cluster $(ARGS)

e2e: setup ## tests with real Kafka and PostgreSQL
	@$(VENV)/bin/pytest -q tests/e2e $(ARGS)

bench: setup ## measure; prints figures, asserts none
	@for file in bench/*.py; do $(VENV)/bin/python $$file || exit 1; done
