# the names that a user types; what they stand for is asked for where one is typed, for a dry run takes time by the file
from itertools import chain


rule all:
    input:
        lambda wildcards: chain(*map(study_files, PARAMETERS.studies)),
        lambda wildcards: chain(*map(pictures, PARAMETERS.figures)),
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


# a target has one meaning
for key, names, taken in (
    ("studies", PARAMETERS.studies, TAKEN | set(PARAMETERS.figures)),
    ("figures", PARAMETERS.figures, TAKEN),
):
    for name in taken & set(names):
        raise WorkflowError(
            f"{CONFIG_FILES}: {key}.{name}: '{name}' is the name of a target, rule or folder; give it another name"
        )

for study in PARAMETERS.studies:

    rule:
        name:
            study
        input:
            lambda wildcards, study=study: study_files(study),
            lambda wildcards, study=study: study_pictures(study),


for figure in PARAMETERS.figures:

    rule:
        name:
            figure
        input:
            lambda wildcards, figure=figure: pictures(figure),
