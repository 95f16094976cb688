# What people and CI do here, by name. `make` alone lists it; every target works from a fresh clone.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# Tried in this order; the first one that is 3.11 or newer makes .venv. Name one with `make install PYTHON=/path/to/python3`.
PYTHON ?= python3 python3.14 python3.13 python3.12 python3.11

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
INSTALLED := $(VENV)/.installed

# program:package, as Debian names them
E2E_PROGRAMS := prometheus:prometheus promtool:prometheus \
	prometheus-alertmanager:prometheus-alertmanager amtool:prometheus-alertmanager chromium:chromium

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: install
install: $(INSTALLED) ## make .venv with the program (.venv/bin/ges-exporter) and everything its tests need
	@echo 'ready: $(BIN)/ges-exporter --help'

$(INSTALLED): pyproject.toml constraints.txt ges_exporter/__init__.py | $(BIN)/python
	@echo 'installing into $(VENV), which takes about a minute the first time'
	@$(PIP) install --quiet --constraint constraints.txt pip
	@$(PIP) install --quiet --constraint constraints.txt --build-constraint constraints.txt --editable . --group dev
	@touch $@

$(BIN)/python:
	@for python in $(PYTHON); do \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; \
		python=; \
	done; \
	if [ -z "$$python" ]; then \
		echo 'Python 3.11 or newer is needed, and none of these is: $(PYTHON)' >&2; \
		echo 'On Debian or Ubuntu: apt-get install python3 python3-venv' >&2; \
		echo 'One that stands elsewhere: make install PYTHON=/path/to/python3' >&2; \
		exit 1; \
	fi; \
	echo "making $(VENV) with $$("$$python" --version), $$(command -v "$$python")"; \
	"$$python" -m venv --clear $(VENV) || { \
		rm -rf $(VENV); \
		echo "$$python cannot make a virtual environment. On Debian or Ubuntu: apt-get install python3-venv" >&2; \
		exit 1; \
	}

.PHONY: demo
demo: $(INSTALLED) ## watch a built-in simulated GES on http://localhost:9877 (more flags: ARGS=...)
	$(BIN)/ges-exporter --demo $(ARGS)

# Much of what tests do is wait, for sockets and for programs: more of them at work than there are processors.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) \* 3 / 2 + 1)

# To measure coverage takes as long as the tests themselves, so only CI always does: make test COVERAGE=--cov
COVERAGE ?=

.PHONY: test
test: $(INSTALLED) ## run the tests that need only Python (a part: .venv/bin/pytest tests/test_project.py)
	$(BIN)/python -m pytest $(COVERAGE) --numprocesses $(WORKERS) --dist worksteal $(ARGS)

.PHONY: e2e
e2e: $(INSTALLED) ## run the tests against real Prometheus, Alertmanager and Chromium
	@missing="$$($(MAKE) --no-print-directory --silent e2e-missing)"; \
	if [ -n "$$missing" ]; then \
		echo "these tests need programs that are missing; Debian has them: apt-get install $$missing" >&2; \
		exit 1; \
	fi
	$(BIN)/python -m pytest -m e2e $(ARGS)

.PHONY: e2e-missing
e2e-missing: ## print the Debian packages that e2e needs and this machine lacks
	@for need in $(E2E_PROGRAMS); do \
		command -v "$${need%%:*}" >/dev/null || echo "$${need##*:}"; \
	done | sort -u | xargs

.PHONY: soak
soak: $(INSTALLED) ## run the long tests: large budgets of random histories, hundreds of kill -9
	$(BIN)/python -m pytest -m soak --timeout 0 $(ARGS)

.PHONY: bench
bench: $(INSTALLED) ## measure time and memory (benchmarks/README.md says what the figures mean)
	$(BIN)/python -m benchmarks $(ARGS)

.PHONY: lint
lint: $(INSTALLED) ## check style, types, layering, and that what is generated is fresh
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m ges_exporter.families.docs | diff -u docs/metrics.md - || { echo 'stale: run make docs' >&2; exit 1; }
	$(BIN)/python -m grafana --check

.PHONY: docs
docs: $(INSTALLED) ## generate docs/metrics.md and grafana/dashboards/ anew
	$(BIN)/python -m ges_exporter.families.docs > docs/metrics.md.new
	mv docs/metrics.md.new docs/metrics.md
	$(BIN)/python -m grafana

.PHONY: constraints
constraints: | $(BIN)/python ## renew constraints.txt with the newest versions that pyproject.toml allows
	@fresh="$$(mktemp -d)" && trap 'rm -rf "$$fresh"' EXIT && \
	$(BIN)/python -m venv "$$fresh" && \
	"$$fresh/bin/python" -m pip install --quiet --upgrade pip && \
	"$$fresh/bin/python" -m pip install --quiet . --group dev hatchling editables && \
	{ \
		echo '# What .venv and the container image are made of: pyproject.toml and all it needs, pinned.'; \
		echo '# Written by `make constraints`.'; \
		"$$fresh/bin/python" -m pip freeze --all --exclude ges-exporter --exclude setuptools; \
	} > "$$fresh/constraints.txt" && \
	cp "$$fresh/constraints.txt" constraints.txt
	@echo 'constraints.txt is new; make install test shows whether it works'

.PHONY: clean
clean: ## remove .venv and what tools leave behind
	rm -rf $(VENV) build dist .coverage .coverage.* htmlcov .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
