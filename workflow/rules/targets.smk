# the names that a user types


rule all:
    input:
        [study_files(study) for study in PARAMETERS.studies],
        [spectra_on_request(study) for study in PATH_STUDIES],
        [pictures(drawing) for figure in FIGURES for drawing in drawings(figure)],
        "results/tables/trackers.md",
        "results/tables/claims.md",


rule claims:
    input:
        "results/tables/claims.md",


rule trackers:
    input:
        "results/tables/trackers.md",


for study in PARAMETERS.studies:

    rule:
        name:
            study
        input:
            study_files(study),


for figure in FIGURES:
    for drawing in drawings(figure):

        rule:
            name:
                drawing
            input:
                pictures(drawing),
