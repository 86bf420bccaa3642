# the names that a user types; what they stand for is asked for where one is typed, for a dry run takes time by the file
from itertools import chain


rule all:
    input:
        lambda wildcards: chain(*map(study_files, PARAMETERS.studies)),
        lambda wildcards: chain(*map(pictures, DRAWINGS)),
        lambda wildcards: chain(*map(spectra_on_request, PATH_STUDIES)),
        rules.compare_trackers.output,
        rules.judge_claims.output,


rule claims:
    input:
        rules.judge_claims.output,


rule trackers:
    input:
        rules.compare_trackers.output,


if BOOSTING_STUDIES:

    rule boosting:
        input:
            [f"results/tables/boosting-{study}.md" for study in BOOSTING_STUDIES],


# figures and tables are folders beside those of the studies
TAKEN = {made.name for made in workflow.rules}
TAKEN |= {"paper", "boosting", "dvc_yaml", "figures", "tables", "code"}


def refuse_taken(key, names, taken):
    """A target has one meaning: stop at studies or figures that are called as rules and folders are."""
    for name in taken & set(names):
        raise WorkflowError(
            f"{CONFIG_FILES}: {key}.{name}: '{name}' is the name of a target, rule or folder; give it another name"
        )


refuse_taken("studies", PARAMETERS.studies, TAKEN | set(DRAWINGS))
refuse_taken("figures", DRAWINGS, TAKEN)

for study in PARAMETERS.studies:

    rule:
        name:
            study
        input:
            lambda wildcards, study=study: study_files(study),
            lambda wildcards, study=study: study_pictures(study),


for drawing in DRAWINGS:

    rule:
        name:
            drawing
        input:
            lambda wildcards, drawing=drawing: pictures(drawing),
