# vsphere-motion: everything a developer runs. It needs Python 3.11 or newer, git, make and the package registries;
# the first target that needs it makes .venv and installs the rest there.

SHELL := /bin/sh
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
SUPPLY := build/supply
WORKERS ?= 2

.PHONY: help demo page-tools test check lint format unit integration go-test bench test-nightly test-ansible figures lock sbom sim-image setup simulator clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: simulator ## Show the product on a simulator, in less than a minute
	@$(BIN)/vsphere-motion demo

test: check simulator go-test integration ## Everything but the nightly tests

check: lint unit ## Format, lint, types, imports and unit tests: under a minute

lint: setup
	@echo "== format";  $(BIN)/ruff format --check .
	@echo "== lint";    $(BIN)/ruff check .
	@echo "== types";   $(BIN)/mypy
	@echo "== imports"; $(BIN)/lint-imports

unit: setup
	@echo "== unit tests"
	@$(BIN)/python -m pytest -q -n $(WORKERS) tests/unit

# Starting a simulator takes a fraction of a second, so each test has its own; the image is built once for all.
integration: setup simulator
	@echo "== tests on the simulator"
	@$(BIN)/python -m pytest -q -n $(WORKERS) -m "not nightly" --ignore tests/unit

go-test: setup
	@echo "== simulator's own tests"
	@$(BIN)/python .ci/go_tests.py

test-nightly: setup simulator ## The tests that are too slow for every change
	@echo "== simulator's nightly tests"
	@$(BIN)/python .ci/go_tests.py nightly
	@echo "== nightly tests on the simulator"
	@VSPHERE_MOTION_NIGHTLY=1 $(BIN)/python -m pytest -q -n $(WORKERS) -m nightly
	@VSPHERE_MOTION_NIGHTLY=1 $(MAKE) --no-print-directory figures

test-ansible: setup simulator ## Judge the Ansible collection: ansible-test on two ansible-cores, ansible-lint, every playbook
	@$(BIN)/python .ci/ansible_tests.py

figures: setup simulator ## Try every promise under faults, and write what was measured into docs/reference/reliability.md
	@rm -rf build/figures && mkdir -p build/figures
	@VSPHERE_MOTION_FIGURES="$(CURDIR)/build/figures" $(BIN)/python -m pytest -q -n $(WORKERS) -k test_row_
	@$(BIN)/python docs/figures.py build/figures && $(BIN)/python docs/generate.py

bench: setup simulator ## Measure what is promised to be fast, side by side with its peers
	@$(BIN)/python benchmarks/startup.py
	@$(BIN)/python benchmarks/preflight.py
	@$(BIN)/python benchmarks/placement.py
	@$(BIN)/python benchmarks/simulator.py
	@$(BIN)/python benchmarks/ansible.py
	@$(BIN)/python benchmarks/logs.py
	@$(BIN)/python benchmarks/inventory.py
	@$(BIN)/python benchmarks/moves.py

page-tools: ## Fetch axe-core, by which the tests judge how accessible a report is; it needs npm
	@npm install --silent --no-save --no-audit --no-fund --prefix build/tools axe-core@4

format: setup ## Format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

sim-image: setup simulator ## Build the simulator's container image with podman or docker
	@engine=$$(command -v podman || command -v docker) || { echo "neither podman nor docker is on PATH" >&2; exit 1; }; \
	mkdir -p build/image && cp $(BIN)/vsphere-motion-vcsim vcsim/Containerfile build/image/ && \
	"$$engine" build --tag localhost/vsphere-motion-vcsim:latest --file build/image/Containerfile build/image

lock: $(SUPPLY)/installed ## Write the versions and hashes of everything the program needs
	@$(SUPPLY)/bin/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
	  --custom-compile-command "make lock" --output-file requirements-lock.txt

sbom: $(SUPPLY)/installed ## Write build/sbom.cdx.json, what the program is made of, in CycloneDX
	@rm -rf build/runtime && $(BIN)/python -m venv build/runtime
	@build/runtime/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-lock.txt
	@build/runtime/bin/python -m pip install --quiet --disable-pip-version-check --no-deps .
	@build/runtime/bin/python -m pip uninstall --quiet --disable-pip-version-check --yes pip
	@$(SUPPLY)/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible --of JSON \
	  --output-file build/sbom.cdx.json build/runtime/bin/python
	@echo "wrote build/sbom.cdx.json"

$(SUPPLY)/installed: pyproject.toml | setup
	@rm -rf $(SUPPLY) && $(BIN)/python -m venv $(SUPPLY)
	@$(SUPPLY)/bin/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(SUPPLY)/bin/python -m pip install --quiet --disable-pip-version-check --group supply
	@touch $@

setup: $(VENV)/installed

simulator: setup
	@$(BIN)/python .ci/install_simulator.py

$(VENV)/installed: pyproject.toml | $(BIN)/python
	@echo "== installing vsphere-motion and its tools into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --editable . --group dev --group ansible
	@touch $@

# The newest Python that is new enough and can make an environment.
$(BIN)/python:
	@for python in "$(PYTHON)" python3.14 python3.13 python3.12 python3.11 python3; do \
	  test -n "$$python" || continue; \
	  "$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	  echo "== making $(VENV) with $$("$$python" --version)"; \
	  exec "$$python" -m venv $(VENV); \
	done; \
	echo "no Python 3.11 or newer with venv and ensurepip was found; name one: make PYTHON=/path/to/python3" >&2; exit 1

clean: ## Remove what was built and installed
	rm -rf $(VENV) build dist .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
