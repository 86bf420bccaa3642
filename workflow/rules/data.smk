# data: the training sets of a study, in one job
for study, parameters in (PATH_STUDIES | LOAD_STUDIES | RUN_STUDIES).items():
    loads = study in LOAD_STUDIES  # which decide how many patterns there are, and how often
    sizes = parameters.sizes(PATH_STUDIES[parameters.of]) if loads else [None]

    rule:
        name:
            named("data", study)
        output:
            data_files(study),
        log:
            f"logs/{study}/data.log",
        priority: 9
        params:
            study=study,
            given=given("seed", "studies.{of}.data", *LOAD_KEYS * loads, study=study),
            patterns=max(sizes),
            code=code("data", "studies.{of}.data.path", study=study),
        script:
            "../scripts/data.py"
