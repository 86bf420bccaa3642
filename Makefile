# A thin convenience; docs/how-to/run.md shows the plain commands.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
PIP = $(BIN)/pip install --disable-pip-version-check --quiet --constraint requirements.lock

.PHONY: paper all tcm mnist100 mnist fig1 fig2 fig3 fig4 fig5 connectivity load claims boosting restore take-back record
.PHONY: dvc.yaml test lint docs format report results-page schema lock slurm clean

paper all tcm mnist100 mnist fig1 fig2 fig3 fig4 fig5 connectivity load claims boosting: .venv/installed
	$(BIN)/snakemake --cores all -- $@

# what dvc.lock records, fetched from the DVC remote instead of computed; nothing is believed before dvc has checked it
restore: .venv/installed
	@$(BIN)/python workflow/check_lock.py
	@$(BIN)/dvc pull || { echo "error: nothing is restored (see above); name the remote with 'dvc remote add', or take\
	 altered files back with 'make take-back FILES=..'" >&2; exit 1; }
	@$(BIN)/dvc status --quiet || { $(BIN)/dvc status; echo "error: what is here is not what dvc.lock records (see above);\
	 take files back with 'make take-back FILES=..', parameters and code with git, or run 'dvc repro'" >&2; exit 1; }
	$(BIN)/snakemake --touch --forceall --quiet progress rules host reason -- paper code
	$(BIN)/snakemake --dry-run -- paper

# the outputs named in FILES as dvc.lock records them, and no others: what was not recorded would be lost
take-back: .venv/installed
	@test -n "$(FILES)" || { echo "error: name the files or folders to take back, as 'dvc status' does:\
	 make take-back FILES='results/tcm/paths/line ..'" >&2; exit 1; }
	@$(BIN)/python workflow/check_lock.py
	@find $(FILES) -type f -exec touch {} + 2>/dev/null || true  # dvc takes equal size and time for equal content
	$(BIN)/dvc checkout --force -- $(FILES)

# all of the default target, recorded in dvc.lock
record: .venv/installed
	$(BIN)/snakemake -- paper code
	$(BIN)/dvc commit --force

dvc.yaml: .venv/installed
	$(BIN)/snakemake --force -- dvc_yaml

test: .venv/tools
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 4 --dist loadgroup --no-loadscope-reorder

lint: .venv/tools
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow/rules
	$(BIN)/actionlint -shellcheck $(BIN)/shellcheck
	$(BIN)/shellcheck .ci/run .ci/container .ci/post .ci/regenerate
	$(BIN)/hadolint workflow/containers/Containerfile
	$(BIN)/python tests/check_lint.py

# the site of docs/, whose tutorial runs while it is built
docs: .venv/tools
	OMP_NUM_THREADS=1 $(BIN)/mkdocs build --strict

format: .venv/tools
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(BIN)/snakefmt Snakefile workflow/rules

# what was made, for people who read in a browser
report: .venv/installed
	$(BIN)/snakemake -- report
	$(BIN)/snakemake --report results/report.zip

# docs/results from the captions, and from results/ where these are those to be shown: make results-page RESULTS=results
results-page: .venv/installed
	PYTHONPATH=src $(BIN)/python workflow/results_page.py docs $(RESULTS)

# the JSON schema of params.yaml, from the typed models
schema: .venv/installed
	$(BIN)/python -m ramble.parameters.schema workflow/schemas/params.schema.json

# newest versions that pyproject.toml admits, for every platform at once
lock: .venv/installed
	$(BIN)/pip install uv
	$(BIN)/uv pip compile --universal --python-version 3.11 --extra workflow --extra test --extra lint --extra docs --no-header --no-annotate \
		--extra slurm --extra generic --extra kubernetes --upgrade pyproject.toml -o requirements.lock

.venv/installed: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "error: no Python 3.11 or newer found; install one or run make PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv .venv
	$(PIP) --editable '.[workflow]'
	touch $@

# not needed to run the workflow, and snakemake imports the tests' S3 library at every start where it finds it
.venv/tools: .venv/installed
	$(PIP) --editable '.[workflow,test,lint,docs]'
	touch $@

# what the tests of the profiles for clusters need besides: Debian's Slurm, and plugins of snakemake, each in a folder of
# its own, because every start takes longer where one is installed
slurm: .venv/plugins/done
	@command -v slurmctld >/dev/null || test -x /usr/sbin/slurmctld || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	 apt-get install -y -qq --no-install-recommends slurmctld slurmd slurm-client munge; }

.venv/plugins/done: .venv/installed
	$(PIP) --no-deps --upgrade --target .venv/plugins/slurm snakemake-executor-plugin-slurm snakemake-executor-plugin-slurm-jobstep
	$(PIP) --no-deps --upgrade --target .venv/plugins/generic snakemake-executor-plugin-cluster-generic
	$(PIP) --no-deps --upgrade --target .venv/plugins/kubernetes snakemake-executor-plugin-kubernetes kubernetes google-auth \
		durationpy oauthlib pyasn1 pyasn1-modules requests-oauthlib websocket-client
	touch $@

clean:
	rm -rf results logs site .snakemake
