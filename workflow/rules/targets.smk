# the names that a user types


rule all:
    input:
        [study_files(study) for study in PARAMETERS.studies],
        [pictures(drawing) for drawing in DRAWINGS],
        [spectra_on_request(study) for study in PATH_STUDIES],
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


for study in PARAMETERS.studies:

    rule:
        name:
            study
        input:
            study_files(study),


for drawing in DRAWINGS:

    rule:
        name:
            drawing
        input:
            pictures(drawing),
