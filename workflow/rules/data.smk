# data: the training sets of every study
for study, parameters in PATH_STUDIES.items():

    rule:
        name:
            f"data_{study}"
        output:
            data_files(study),
        log:
            f"logs/{study}/data.log",
        priority: parameters.priority
        threads: 1
        resources:
            mem_mb=1500,
        params:
            seed=PARAMETERS.seed,
            study=study,
            maker=dict(path=parameters.data.path, arguments=parameters.data.arguments),
            threads=1,
            code=code("make_data", parameters.data.path),
        script:
            "../scripts/make_data.py"
