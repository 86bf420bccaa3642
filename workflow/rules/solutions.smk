# solutions: networks with zero training errors, all restarts of a study in one batch
for study, parameters in PATH_STUDIES.items():

    rule:
        name:
            f"solutions_{study}"
        input:
            data=data_files(study),
        output:
            solutions=solution_files(study),
            pairs=f"results/{study}/pairs.csv",
        log:
            f"logs/{study}/solutions.log",
        benchmark:
            f"logs/{study}/solutions.benchmark.tsv"
        priority: parameters.priority
        threads: parameters.threads
        resources:
            mem_mb=1500,
        params:
            seed=PARAMETERS.seed,
            study=study,
            device=PARAMETERS.device,
            problem=problem_parameters(study),
            solutions=parameters.solutions.model_dump(),
            datasets=list(range(parameters.data.datasets)),
            threads=parameters.threads,
            script=solutions_script(study),
            code=code(solutions_script(study), parameters.problem.path),
        script:
            "../scripts/{params.script}.py"
