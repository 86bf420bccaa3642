# the names that a user types


rule all:
    input:
        [study_files(study) for study in PARAMETERS.studies],
        [pictures(figure) for figure in (*FIGURES, *KIND_FIGURES)],
        "results/tables/claims.md",


rule claims:
    input:
        "results/tables/claims.md",


for study in PARAMETERS.studies:

    rule:
        name:
            study
        input:
            study_files(study),


for figure in (*FIGURES, *KIND_FIGURES):

    rule:
        name:
            figure
        input:
            pictures(figure),
