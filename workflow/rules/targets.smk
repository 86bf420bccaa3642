# the names that a user types


rule all:
    input:
        [study_files(study) for study in PARAMETERS.studies],
        [pictures(drawing) for drawing in DRAWINGS],
        [spectra_on_request(study) for study in PATH_STUDIES],
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


for drawing in DRAWINGS:

    rule:
        name:
            drawing
        input:
            pictures(drawing),
