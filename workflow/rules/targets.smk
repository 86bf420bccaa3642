# the names that a user types
FIGURES = ("fig1", "fig2", "fig3", "fig4")


def study_files(study):
    """Every artifact of one study."""
    if study in RECIPE_STUDIES:
        return [f"results/{study}/readings.csv"]
    files = solution_files(study) + [f"results/{study}/pairs.csv"]
    for tracker in PATH_STUDIES[study].tracker_names:
        files += pair_files("profile", study, tracker, "csv")
    if PATH_STUDIES[study].trackers.paper is not None:
        files += pair_files("spectra", study, "paper", "csv")
    return files


rule paper:
    default_target: True
    input:
        [study_files(study) for study in PARAMETERS.paper],
        [pictures(figure) for figure in FIGURES if source(figure).study in PARAMETERS.paper],
        "results/tables/claims.md",


rule all:
    input:
        [study_files(study) for study in PARAMETERS.studies],
        [pictures(figure) for figure in FIGURES],
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


for figure in FIGURES:

    rule:
        name:
            figure
        input:
            pictures(figure),
