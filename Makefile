# make study   installs the requirements and runs the default study
# make report  runs it and gathers tables and figures in one page, results/report.html
# make check   checks style, types and the workflow (make lint), and runs the unit tests (make unit)
# make test    runs all tests but those on Slurm
# make test-browser  installs chromium (on Debian, as root) and runs the tests of the gallery alone
# make test-latex    installs texlive (likewise) and compiles the tables
# make test-slurm    installs Slurm (on Debian, as root) and runs the study on two nodes of it
# make schema     writes the schema of study files, and the tables of keys and methods of the documents
# make methods    runs all methods on the sample and measures them for docs/methods.md (10 minutes)
# make benchmark    times the maps beside other libraries' (about 30 minutes)
PYTHON ?= python3
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
# The results folder of config.yaml.
RESULTS = $$(python -c 'import yaml; print(yaml.safe_load(open("config.yaml")).get("pathvars", {}).get("results", "results"))')

# Tests run a process a core; those of a module share one, and its fixtures.
PARALLEL = -n $$(getconf _NPROCESSORS_ONLN) --dist loadfile

.PHONY: study report check unit test test-browser test-latex test-slurm lint format schema methods benchmark clean

study: .venv/runtime
	snakemake --cores all

report: study
	snakemake --report $(RESULTS)/report.html

check: lint unit

unit: .venv/tools
	pytest $(PARALLEL) -m "not slow and not slurm and not browser"

# The tests that kill runs depend on time, and have the machine to themselves.
test: .venv/tools
	pytest $(PARALLEL) -m "not slurm" --ignore tests/workflow/test_kills.py
	pytest tests/workflow/test_kills.py

test-browser: .venv/tools
	tests/browser/install
	pytest -rs tests/browser

test-latex: .venv/tools
	tests/latex/install
	pytest -rs tests/latex

test-slurm: .venv/tools
	tests/slurm/install
	pytest -rs tests/slurm

lint: .venv/tools
	ruff check .
	ruff format --check .
	snakefmt --check --line-length 100 Snakefile workflow/rules
	mypy workflow/scripts
	snakemake --lint
	snakemake --lint --configfile studies/coco2017.yaml

format: .venv/tools
	ruff check --fix .
	ruff format .
	snakefmt --line-length 100 Snakefile workflow/rules

schema: .venv/tools
	python workflow/scripts/write_schema.py

methods: .venv/tools
	snakemake --cores all --configfile studies/methods.yaml
	python workflow/scripts/measure_methods.py
	python workflow/scripts/write_schema.py

benchmark: .venv/tools
	PYTHONPATH=workflow/scripts python benchmarks/speed.py

clean:
	rm -rf results .snakemake

.venv/runtime: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 study")'
	@echo "Installing into .venv: about 6 GB, a few minutes"
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

.venv/tools: requirements-test.txt .venv/runtime
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-test.txt
	touch $@
