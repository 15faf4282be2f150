# make repro     install, run the whole pipeline, print the scores before and after
# make test      install, run every test
# make install   install, run nothing
# make check     install, run linters and tests, as CI does
# make docs      build the documents as a site that needs no network: site/index.html
# make messages  write new messages into the catalogue, and compile its Korean texts
# make audit     ask the package index for known vulnerabilities of the pinned packages
# make gguf      build llama.cpp and its converter, for export.format: gguf

SHELL := /bin/sh
BIN := .venv/bin
# DVC starts the stages with the `python` it finds on PATH.
RUN := PATH="$(CURDIR)/$(BIN):$$PATH" PYTHONPATH="$(CURDIR)"

.PHONY: install repro test check docs messages audit gguf requirements samples clean
.DEFAULT_GOAL := repro

install: $(BIN)/installed

repro: $(BIN)/installed
	@$(RUN) dvc repro
	@$(RUN) python -m pagetune results

# The tests run in two processes. A file's tests stay in one of them, because they share what the file builds; the order
# of the files is that of tests/conftest.py.
test: $(BIN)/installed
	@$(RUN) python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --durations=20

check: $(BIN)/installed
	@$(RUN) ruff format --check .
	@$(RUN) ruff check .
	@$(RUN) mypy
	@$(RUN) lint-imports
	@$(RUN) python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --durations=20

messages: $(BIN)/installed
	@$(RUN) python tests/messages.py

# A link or an anchor that leads nowhere fails.
docs: $(BIN)/installed
	@$(RUN) python -m sphinx -q -E -W --keep-going -c docs -d .docs_cache . site
	@echo "docs: open site/index.html"

# Needs a network. --strict, because pip-audit takes a package that it could not look up for one without a finding.
# docs/install.md says of each known finding whom it concerns.
KNOWN := CVE-2025-69872 CVE-2026-69112 CVE-2025-3000 PYSEC-2026-139
AUDIT := $(BIN)/python -m pip_audit --strict --no-deps --disable-pip $(KNOWN:%=--ignore-vuln %)
audit: $(BIN)/installed
	@$(BIN)/python -m pip install -qq pip-audit
	@for file in requirements.txt requirements-gpu.txt requirements-gguf.txt; do $(AUDIT) -r $$file || exit 1; done

gguf: $(BIN)/installed
	@$(RUN) python -m pagetune.export.install

# Install again whenever the pins change. An installation that failed halfway leaves no `installed` behind.
$(BIN)/installed: requirements.txt
	@./setup.sh requirements.txt
	@touch $@

# Compile the pins from the .in files again. requirements.txt is compiled with whatever build of torch the index has,
# and the local version (+cpu) is cut off, so that any build fits; requirements-gpu.txt adds what a CUDA build needs.
requirements:
	@$(BIN)/python -m pip install -qq pip-tools uv
	@$(BIN)/pip-compile -q --allow-unsafe --strip-extras --no-emit-index-url --no-emit-find-links \
	  --no-emit-trusted-host requirements.in -o requirements.txt
	@sed -i 's/^\(torch==[0-9.]*\)+cpu/\1/' requirements.txt
	@$(BIN)/uv pip compile -q --python-version 3.11 --python-platform x86_64-manylinux_2_28 --no-emit-index-url \
	  -c requirements.txt requirements-gpu.in -o requirements-gpu.txt

samples: $(BIN)/installed
	@$(RUN) python -m samples.typeset

clean:
	rm -rf .venv
