# Every target creates the Python environment if it is missing, and runs one command.
#   make deploy SKILL=kafka-k8s-setup ARGS='--timeout 10m'   one skill, with options
SHELL := /bin/sh
.DEFAULT_GOAL := help
PYTHON ?= python3
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/learnflow-infra
VENV := $(CACHE)/venv/$(shell printf %s '$(CURDIR)' | cksum | cut -d' ' -f1)
READY := $(VENV)/ready-$(shell cat constraints.txt pyproject.toml | cksum | cut -d' ' -f1)
export PYTHONPYCACHEPREFIX := $(CACHE)/pycache
export COVERAGE_FILE := $(CACHE)/coverage
unexport PYTHONDONTWRITEBYTECODE
CLI := $(VENV)/bin/learnflow-infra
VERBS := deploy diff template values verify status endpoints diagnose history rollback delete rights doctor
CLUSTER := cluster-up cluster-status cluster-stop cluster-delete cluster-kubeconfig
BUNDLE := bundle-create bundle-load
COMMANDS := $(VERBS) $(CLUSTER) $(BUNDLE) chart-lock image-load
GOALS := $(COMMANDS) help setup setup-dev where lock test full full-tests docs lint vet unit browser \
  fuzz contract contract-helm3 coverage cluster-tests e2e e2e-deployer bench \
  outdated

HELM_TESTS := tests/unit/clients/test_helm_program.py tests/unit/values/test_against_helm.py \
  $(addprefix tests/contract/test_,charts_from_registry.py registry_in_trouble.py releases.py deploy.py \
  history.py reuse_values.py install_and_mend.py recovery.py)

.PHONY: $(GOALS)
.NOTPARALLEL:

# A slip runs nothing: what follows stops make before its first goal, with -n and -k, too.
command := $(firstword $(filter $(COMMANDS),$(MAKECMDGOALS)))
# A makefile that includes this one has goals of its own.
unknown := $(if $(word 2,$(MAKEFILE_LIST)),,$(filter-out $(GOALS),$(MAKECMDGOALS)))
skills := $(filter $(patsubst skills-library/%/skill.yaml,%,$(wildcard skills-library/*/skill.yaml)),$(unknown))
others := $(filter-out $(skills),$(unknown))
ifneq ($(unknown),)
  hint := See: make help
  like := $(filter $(addsuffix -%,$(firstword $(subst -, ,$(others)))),$(GOALS))
  ifneq ($(like),)
    hint := There are: $(like)
  else ifneq ($(command)$(others),)
    words := $(and $(skills),SKILL='$(skills)') $(and $(others),ARGS='$(others)')
    hint := $(if $(command),Skills and options are variables: make $(command) $(strip $(words)). )$(hint)
  else
    hint := Name a skill beside a goal: make deploy SKILL='$(skills)'
  endif
  $(error There is no goal '$(unknown)', so nothing was run. $(hint))
endif
ifneq ($(command),)
  given := $(foreach name,$(.VARIABLES),$(if $(findstring command line,$(origin $(name))),$(name)))
  given := $(filter-out ARGS SKILL PYTHON SHELL KUBECONFIG LEARNFLOW_% XDG_% HELM_% MAKE% -*%,$(given))
  ifneq ($(given),)
    $(error $(command) does not read $(given), so nothing was run. Skills go into SKILL, options into ARGS; \
      a variable of the environment goes before make)
  endif
  ifneq ($(origin SKILL),undefined)
    single := $(filter endpoints chart-lock $(CLUSTER) $(BUNDLE),$(MAKECMDGOALS))
    ifneq ($(single),)
      $(error $(single) takes no SKILL, so nothing was run)
    endif
    ifneq ($(filter -%,$(SKILL)),)
      $(error Options go into ARGS, so nothing was run: make $(command) ARGS='$(filter -%,$(SKILL))')
    endif
    ifeq ($(strip $(SKILL)),)
      $(error SKILL names no skill, so nothing was run. Without SKILL, $(command) is for all skills)
    endif
  endif
endif

help: ## list the targets
	@awk -F':.*## ' '/^[a-z0-9%-]+:.*## /{printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

deploy: ## start Kubernetes if needed, deploy both skills, verify them, record the endpoints
diff: ## show what deploy would change in releases and live objects
template: ## print the manifests, as helm template does
values: ## print the computed values (ARGS='--explain postgres.auth.database')
verify: ## write and read real data, from inside the cluster and from this host
status: ## show the releases and the objects that they own
endpoints: ## show where applications connect
diagnose: ## show what is not ready, and why
history: ## show the revisions of releases, and whether they were verified
rollback: ## roll a release back to an earlier revision (SKILL=postgres-k8s-setup)
delete: ## uninstall the releases; volumes stay (ARGS=--purge-data deletes them, and asks)
rights: ## show which rights a deploy needs (ARGS=--as-manifest prints the Role)
doctor: ## check what a deploy needs, change nothing
$(VERBS): setup
	@LEARNFLOW_VIA_MAKE=1 $(CLI) $@ $(SKILL) $(ARGS)

chart-lock: setup ## pin the charts of registries by digest
	@LEARNFLOW_VIA_MAKE=1 $(CLI) chart lock $(ARGS)

image-load: setup ## build this project's images for charts from registries, load them into the nodes
	@LEARNFLOW_VIA_MAKE=1 $(CLI) image load $(SKILL) $(ARGS)

bundle-create: ## write one file with all charts and images (ARGS=FILE)
bundle-load: ## load that file into the cluster or a registry (ARGS=FILE)
$(BUNDLE): setup
	@LEARNFLOW_VIA_MAKE=1 $(CLI) bundle $(@:bundle-%=%) $(ARGS)

cluster-up: ## create or start the embedded cluster
cluster-status: ## show its state, node address and kubeconfig
cluster-stop: ## stop it; its data stays
cluster-delete: ## delete it with all its data; asks first
cluster-kubeconfig: ## print the path of its kubeconfig
$(CLUSTER): setup
	@LEARNFLOW_VIA_MAKE=1 $(CLI) cluster $(@:cluster-%=%) $(ARGS)

where:
	@echo $(CLI)

setup: $(READY) ## create the Python environment (in the cache, not in the checkout)

$(READY): constraints.txt pyproject.toml
	@PYTHON='$(PYTHON)' sh learnflow_infra/bootstrap.sh '$(VENV)' constraints.txt '$@'

setup-dev: $(READY)-dev

$(READY)-dev: $(READY) constraints-dev.txt
	@PYTHON='$(PYTHON)' sh learnflow_infra/bootstrap.sh '$(VENV)' constraints-dev.txt '$@'

lock: ## pin the dependencies of pyproject.toml again (needs uv)
	@for dev in '' -dev; do uv pip compile -q --universal --python-version 3.11 --generate-hashes \
	  --no-header --no-annotate $${dev:+--extra dev} pyproject.toml \
	  -o constraints$$dev.txt || exit 1; done

outdated: setup ## list versions that are behind or near the end of their support (ARGS=--offline)
	@$(VENV)/bin/python -m learnflow_infra.outdated $(ARGS)

test: setup-dev ## run the whole test suite, part by part
	@MAKE='$(MAKE)' sh tests/run.sh

full: setup-dev ## run the whole test suite, and what is too long for CI (hours)
	@MAKE='$(MAKE)' sh tests/run.sh full

lint: setup-dev ## run ruff, mypy, import-linter, shellcheck, gofmt and go vet
	@$(VENV)/bin/ruff check --no-cache . && $(VENV)/bin/ruff format --no-cache --check .
	@$(VENV)/bin/mypy && $(VENV)/bin/lint-imports --no-cache
	@git ls-files -z '*.sh' .ci | xargs -0 $(VENV)/bin/shellcheck
	@$(VENV)/bin/python cluster-runtime/lint.py ./cmd/await ./cmd/pause

vet: setup-dev ## run go vet on all of cluster-runtime (minutes the first time; needs the build)
	@$(VENV)/bin/python cluster-runtime/lint.py ./...

coverage: setup-dev ## run the unit tests, and list the lines that they do not run
	@$(VENV)/bin/pytest -q -n 2 --cov=learnflow_infra --cov-report=term-missing:skip-covered tests/unit

unit: setup-dev ## run the tests that need no cluster
	@$(VENV)/bin/pytest -q -n 2 tests/unit $(ARGS)

browser: setup-dev ## run the report's tests in a real Chromium
	@$(VENV)/bin/pytest -q -n 2 tests/browser $(ARGS)

fuzz: setup-dev ## compare 10,000 random values and 500 random manifests with helm
	@LEARNFLOW_FUZZ=10000 $(VENV)/bin/pytest -q --timeout 7200 tests/unit/values/test_against_helm.py $(ARGS)
	@LEARNFLOW_FUZZ=500 $(VENV)/bin/pytest -q --timeout 7200 tests/contract/test_install_and_mend.py

contract: setup-dev ## run the tests against a real kube-apiserver and OCI registry
	@$(VENV)/bin/pytest -q -n 2 -m 'not full' tests/contract $(ARGS)

contract-helm3: setup-dev ## run the contract tests that run helm, and compare values with helm, with Helm 3
	@LEARNFLOW_HELM="$$($(VENV)/bin/python -m tests.helm3.build)" && export LEARNFLOW_HELM && \
	  $(VENV)/bin/pytest -q -n 2 -m 'not full' $(HELM_TESTS) $(ARGS)

cluster-tests: setup-dev ## run the tests of the embedded cluster (root)
	@$(VENV)/bin/pytest -q -p no:randomly tests/cluster $(ARGS)

e2e: setup-dev ## run the tests with real Kafka and PostgreSQL (root)
	@$(VENV)/bin/pytest -q -p no:randomly -m 'not full' tests/e2e $(ARGS)

e2e-deployer: setup-dev ## run the tests of real deploys as a user with the printed Role (root)
	@LEARNFLOW_E2E_USER=deployer $(VENV)/bin/pytest -q -p no:randomly \
	  tests/e2e/test_1_deploy.py tests/e2e/test_2_data_survives.py $(ARGS)

full-tests: setup-dev ## run the tests that only `make full` runs (root)
	@$(VENV)/bin/pytest -q -p no:randomly -m full tests/contract tests/e2e tests/full $(ARGS)

docs: setup-dev ## write the generated pages, and the schemas' copies in specs/
	@$(VENV)/bin/python docs/pages.py

bench: setup-dev ## measure speed and print the figures
	@for file in bench/*.py; do $(VENV)/bin/python $$file || exit 1; done
