# the names that a user types; what they stand for is asked for where one is typed, for a dry run takes time by the file
from itertools import chain

from ramble.papers.randomization.studies import STUDIES as RANDOMIZATION

BOOSTED = [name for name, study in STOCHASTIC_STUDIES.items() if study.boosting]
TARGETS = {
    "all": lambda: chain(
        *map(study_files, ALL),
        *(pictures(name) for name, one in PARAMETERS.figures.items() if one.of_study in {None, *ALL}),
        *(study.files_on_request(name) for name, study in PATH_STUDIES.items()),
        rules.compare_trackers.output,
        rules.judge_claims.output,
    ),
    "claims": lambda: rules.judge_claims.output,
    "trackers": lambda: rules.compare_trackers.output,
    "randomization": lambda: chain(
        *(study_files(name) + study_pictures(name) for name in RANDOMIZATION if name in PARAMETERS.studies)
    ),
    "boosting": lambda: [f"results/tables/boosting-{study}.md" for study in BOOSTED],
}
# a target has one meaning; figures and tables are folders beside those of the studies
TAKEN = {made.name for made in workflow.rules} | {*TARGETS, "paper", "dvc_yaml", "figures", "tables", "code"}
for key, names, taken in (
    ("studies", PARAMETERS.studies, TAKEN | set(PARAMETERS.figures)),
    ("figures", PARAMETERS.figures, TAKEN),
):
    for name in taken & set(names):
        raise WorkflowError(
            f"{CONFIG_FILES}: {key}.{name}: '{name}' is the name of a target, rule or folder; give it another name"
        )
TARGETS |= {
    study: partial(lambda name: study_files(name) + study_pictures(name), study) for study in PARAMETERS.studies
}
TARGETS |= {figure: partial(pictures, figure) for figure in PARAMETERS.figures}
if not BOOSTED:
    del TARGETS["boosting"]

for target, files in TARGETS.items():

    rule:
        name:
            target
        input:
            lambda wildcards, files=files: list(files()),
