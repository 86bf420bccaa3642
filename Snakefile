"""From params.yaml to the figures and the claims table; see docs/how-to/run.md for the targets."""

import gc
import os
import sys

gc.disable()  # no garbage yet; looking for it slows every start (benchmarks/start.py)
sys.path.append(f"{workflow.basedir}/workflow")

from plumbing.source import import_package_from

import_package_from(workflow.basedir)


report: "workflow/report/workflow.rst"


# what --sdm apptainer runs the jobs in; nothing depends on it elsewhere
if "apptainer" in map(str, workflow.deployment_settings.deployment_method):

    container: os.environ.get("RAMBLE_CONTAINER", "ramble.sif")


include: "workflow/rules/parameters.smk"
include: "workflow/rules/files.smk"
include: "workflow/rules/inputs.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/solutions.smk"
include: "workflow/rules/paths.smk"
include: "workflow/rules/profile.smk"
include: "workflow/rules/spectra.smk"
include: "workflow/rules/control.smk"
include: "workflow/rules/boosting.smk"


for kind in OTHER_KINDS:

    include: f"workflow/rules/{kind}.smk"


include: "workflow/rules/shared.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/trackers.smk"
include: "workflow/rules/claims.smk"
include: "workflow/rules/randomization.smk"
include: "workflow/rules/reported.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/targets.smk"


rule paper:
    default_target: True
    input:
        [study_files(study) for study in PARAMETERS.paper],
        [study_pictures(study) for study in PARAMETERS.paper],
        rules.compare_trackers.output,
        rules.judge_claims.output,


if REPORTING:  # `snakemake --report FILE` shows what `snakemake report` made
    workflow.default_target = "report"


include: "workflow/rules/steps.smk"
include: "workflow/rules/around.smk"


gc.freeze()
gc.enable()
