# The two commands of the README are `make names` and `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
INPUTS := pyproject.toml constraints.txt

.PHONY: names test test-slow test-browser bench lint shots heights docs wheel test-wheel clean

# Learn from the names that ship with the package, and write 20 new ones.
names: $(VENV)/.installed
	@mkdir -p out
	@$(BIN)/nextchar train --output out/names.safetensors
	@$(BIN)/nextchar sample out/names.safetensors -n 20 --new --seed 1

# Format, lint, types, tests; the files of tests are shared out among processes.
test: lint
	$(BIN)/python -m pytest -m "not slow" --ignore tests/browser -n auto --maxprocesses 4 --dist loadfile

# Kills, altered files, clusters, long trainings; they are shared out one by one, for some take minutes.
test-slow: $(VENV)/.installed-all $(VENV)/.docs $(VENV)/.kenlm $(VENV)/.fuzz
	$(BIN)/python -m pytest -m slow --ignore tests/browser -n auto --maxprocesses 4 --dist worksteal

# The lesson page in a real Chromium; several minutes.
test-browser: $(VENV)/.installed-all $(VENV)/.chromium
	$(BIN)/python -m pytest tests/browser

lint: $(VENV)/.installed-all
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

# Speeds beside those of others, written to benchmarks/results.md.
bench: $(VENV)/.installed-all
	$(BIN)/python benchmarks/run.py

# Pictures of every chapter of the lesson, in both languages and two sizes, in out/shots.
shots: $(VENV)/.installed-all $(VENV)/.chromium
	$(BIN)/python tools/shots.py

# How high the lesson's figures are, for the page to keep their places free; after a figure was changed.
heights: $(VENV)/.installed-all $(VENV)/.chromium
	$(BIN)/python -m tools.heights

# The documentation site, in out/site; broken links are errors, and nothing is fetched.
docs: $(VENV)/.installed-all $(VENV)/.docs
	$(BIN)/python -m tools.docs_site
	@echo "To read it: $(BIN)/python -m http.server --directory out/site, and open http://localhost:8000"

# The sdist and the wheel, in dist; the same bytes each time.
wheel: $(VENV)/.installed
	@rm -rf dist
	$(BIN)/python -m hatchling build -d dist

# The wheel alone in an empty environment: every command, the extras that NEXTCHAR_WHEEL_EXTRAS names, its types.
test-wheel: $(VENV)/.installed-all
	$(BIN)/python -m pytest tests/packaging

clean:
	rm -rf $(VENV) dist out .mypy_cache .ruff_cache .pytest_cache .hypothesis

# The browser tests need Chromium and a Chinese font; on Debian, as root, they are installed.
$(VENV)/.chromium: $(VENV)/.made
	@if command -v chromium >/dev/null && fc-list :lang=zh 2>/dev/null | grep -q .; then \
		touch $@; \
	elif command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
		{ apt-get install -qq -y chromium fonts-noto-cjk || \
			{ apt-get update -qq && apt-get install -qq -y chromium fonts-noto-cjk; }; } >/dev/null && touch $@ || \
		echo "Chromium could not be installed: the tests of the lesson page will be skipped." >&2; \
	else \
		echo "No chromium on the path: the tests of the lesson page will be skipped." >&2; \
	fi

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "nextchar needs Python 3.11 or newer; try: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed: $(VENV)/.made $(INPUTS)
	$(PIP) hatchling editables
	$(PIP) --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-all: $(VENV)/.installed
	$(PIP) --no-build-isolation --editable ".[all,test]"
	@touch $@

$(VENV)/.docs: $(VENV)/.installed-all
	$(PIP) --no-build-isolation --editable ".[docs]"
	@touch $@

# KenLM is compiled when it is installed, which needs a C++ compiler and some minutes.
$(VENV)/.kenlm: $(VENV)/.installed-all
	@$(PIP) --editable ".[kenlm]" --no-build-isolation || \
		{ $(PIP) kenlm || echo "KenLM could not be installed: the tests beside it will be skipped." >&2; }
	@touch $@

# There is no atheris for some versions of Python.
$(VENV)/.fuzz: $(VENV)/.installed-all
	@$(PIP) --no-build-isolation --editable ".[fuzz]" || \
		echo "atheris could not be installed: fuzzing will be skipped." >&2
	@touch $@
