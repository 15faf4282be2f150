# make repro   install, run the whole pipeline, print the scores before and after
# make test    install, run every test
# make check   install, linters and tests; what CI runs

SHELL := /bin/sh
BIN := .venv/bin
# DVC starts the stages with the `python` it finds on PATH.
RUN := PATH="$(CURDIR)/$(BIN):$$PATH" PYTHONPATH="$(CURDIR)"

.PHONY: repro test check requirements samples clean
.DEFAULT_GOAL := repro

repro: $(BIN)/installed
	@$(RUN) dvc repro
	@$(RUN) python -m pagetune results

test: $(BIN)/installed
	@$(RUN) python -m pytest

check: $(BIN)/installed
	@$(RUN) ruff format --check .
	@$(RUN) ruff check .
	@$(RUN) mypy
	@$(RUN) python -m pytest

# Installed again whenever the pins change; half an installation leaves no `installed` behind.
$(BIN)/installed: requirements.txt
	@./setup.sh requirements.txt
	@touch $@

# The pins, anew from the .in files. The CPU build's local version is cut, so that any build of that torch fits.
requirements:
	@$(BIN)/python -m pip install -q pip-tools
	@for name in requirements requirements-gpu; do \
	  $(BIN)/pip-compile -q --strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host $$name.in -o $$name.txt \
	  && sed -i 's/^\(torch==[0-9.]*\)+cpu/\1/' $$name.txt || exit 1; done

samples: $(BIN)/installed
	@$(RUN) python -m samples.typeset

clean:
	rm -rf .venv
