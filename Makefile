# Needs make, bash and Python 3.11, 3.12 or 3.13; everything else is installed below this directory.
# `make help` lists the targets.

# Which exact versions are installed: a file of pkgs/hyperhive/constraints/ without its ending.
CONSTRAINTS ?= newest
# The interpreter to build the environment with; empty looks for one.
PYTHON ?=
# Passed to `hyperhive up`, `hyperhive demo`, the benchmark and the screenshots (the directory for them).
ARGS ?=
# What `make test` runs, relative to pkgs/hyperhive, and how.
TESTS ?= tests
PYTEST_ARGS ?= -n 2
# What `make vm-test` plays: names of nixos-tests/scenarios; empty for all.
SCENARIO ?=

PROJECT := pkgs/hyperhive
LINTED := . ../../nixos-tests ../../templates
VENV := $(CURDIR)/$(if $(filter newest,$(CONSTRAINTS)),.venv,.venv-$(CONSTRAINTS))
BIN := $(VENV)/bin

# What the caller's shell says about other environments must not reach this one.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV
export PYTHONUTF8 := 1

# What `demo` and `bench` print with --json is to be one document, so nothing else goes to stdout.
MAKEFLAGS += --no-print-directory

.DEFAULT_GOAL := build
.PHONY: build demo up test vm-test lint format bench screenshots vendor schema golden help clean venv

build: vendor ## install everything that `make demo` and `make up` need (the default)
	@echo "Ready. 'make demo' shows a hive offline, 'make help' lists the other targets."

venv:
	@tools/install-venv "$(VENV)" "$(CONSTRAINTS)" "$(PYTHON)" >&2

vendor: venv ## install the dashboard's browser modules
	@tools/install-dashboard "$(VENV)" "$(CONSTRAINTS)" >&2

demo: vendor ## a hive without account or network: real Claude Code, scripted model
	@"$(BIN)/hyperhive" demo $(ARGS)

up: vendor ## your own hive: make up ARGS="--config hive.toml"
	@"$(BIN)/hyperhive" up $(ARGS)

test: vendor ## all tests; TESTS=tests/domain for some, CONSTRAINTS=nixpkgs-26.05 for the NixOS versions
	@tools/install-browser
	@tools/install-nix
	@tools/install-network
	@tools/install-bash .newest-bash/bash
	@cd $(PROJECT) && "$(BIN)/python" -m pytest $(PYTEST_ARGS) $(TESTS)

vm-test: vendor ## scenarios on a Debian in QEMU, with what the NixOS module renders; SCENARIO=messages for one
	@tools/install-vm
	@"$(BIN)/python" nixos-tests/debian/run.py $(SCENARIO)

lint: venv ## ruff check, ruff format --check and mypy --strict
	@cd $(PROJECT) && "$(BIN)/ruff" check $(LINTED) && "$(BIN)/ruff" format --check $(LINTED) && "$(BIN)/mypy"

format: venv ## let ruff mend what it can
	@cd $(PROJECT) && "$(BIN)/ruff" check --fix --quiet $(LINTED) ; "$(BIN)/ruff" format $(LINTED)

schema: venv ## refresh the committed JSON schemas of the configuration
	@"$(BIN)/hyperhive" schema --output $(PROJECT)/contract

golden: venv ## refresh what the NixOS module renders for the hives of nixos-tests/eval, and modules/OPTIONS.md
	@tools/install-nix
	@cd $(PROJECT) && "$(BIN)/python" -m tests.nixos.golden

bench: vendor ## measure the hive on this machine, offline
	@cd $(PROJECT) && "$(BIN)/python" -m bench $(ARGS)

screenshots: vendor ## a picture of every page of the console, offline; ARGS=DIRECTORY for another than screenshots/
	@tools/install-browser
	@cd $(PROJECT) && "$(BIN)/python" -m screenshots $(or $(ARGS),"$(CURDIR)/screenshots")

clean: ## remove everything that was installed or built here
	rm -rf .venv .venv-* .newest-bash $(PROJECT)/dashboard/vendor $(PROJECT)/dashboard/node_modules $(PROJECT)/dist
	find . -type d \( -name __pycache__ -o -name '.*_cache' \) -prune -exec rm -rf {} +

help: ## this list
	@sed -n 's/^\([a-z-]*\):.* ## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r target text; do \
		printf '  make %-11s %s\n' "$$target" "$$text"; done
	@echo "Variables: ARGS, TESTS, PYTEST_ARGS, SCENARIO, CONSTRAINTS ($(patsubst $(PROJECT)/constraints/%.txt,%,$(wildcard $(PROJECT)/constraints/*.txt))), PYTHON"
