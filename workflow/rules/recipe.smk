# data -> how often the published training recipe works
for study, parameters in RECIPE_STUDIES.items():

    rule:
        name:
            f"recipe_{study}"
        input:
            data=data_files(parameters.of),
        output:
            table=f"results/{study}/readings.csv",
        log:
            f"logs/{study}/readings.log",
        benchmark:
            f"logs/{study}/readings.benchmark.tsv"
        threads: parameters.threads
        resources:
            mem_mb=1500,
        params:
            seed=PARAMETERS.seed,
            study=study,
            device=PARAMETERS.device,
            problem=problem_parameters(parameters.of),
            recipe=parameters.model_dump(),
            threads=parameters.threads,
            code=code("try_recipe", PATH_STUDIES[parameters.of].problem.path),
        script:
            "../scripts/try_recipe.py"
