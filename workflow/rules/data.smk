# data: the training sets of a study, in one job
def larger_sets(study):
    """The keys that decide how many patterns a study of loads asks for, and how often."""
    keys = ["studies.{study}.loads", "studies.{study}.datasets"]
    return keys if study in LOAD_STUDIES else []


for study in [*PATH_STUDIES, *LOAD_STUDIES]:

    rule:
        name:
            named("data", study)
        output:
            data_files(study),
        log:
            f"logs/{study}/data.log",
        priority: 9
        threads: 1
        resources:
            mem_mb=1500,
        params:
            study=study,
            given=given("seed", "studies.{of}.data", *larger_sets(study), study=study),
            patterns=max(load_sizes(study), default=None),
            threads=1,
            code=code("data", "studies.{of}.data.path", study=study),
        script:
            "../scripts/data.py"
