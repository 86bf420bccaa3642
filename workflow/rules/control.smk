# paths of stochastic studies -> what equally many further gradients of plain training reach, from the same start
for study in dict.fromkeys(JUDGED_STUDIES + BOOSTING_STUDIES):
    parameters = PATH_STUDIES[study]
    for job, pairs in jobs(study, "guarded").items():

        rule:
            name:
                f"control_{study}_{job}"
            input:
                data=data_files(study),
                paths=pair_files("paths", study, "guarded", "safetensors", pairs),
            output:
                **control_points(study, pairs),
                tables=pair_files("control", study, "guarded", "csv", pairs),
            log:
                f"logs/{study}/control-{job}.log",
            benchmark:
                f"logs/{study}/control-{job}.benchmark.tsv"
            priority: parameters.priority
            threads: parameters.threads
            resources:
                mem_mb=2000,
            params:
                seed=PARAMETERS.seed,
                study=study,
                device=PARAMETERS.device,
                problem=problem_parameters(study),
                settings=dict(
                    rate=parameters.solutions.rate, batch=parameters.solutions.batch
                ),
                threads=parameters.threads,
                code=code("train_on", parameters.problem.path),
            script:
                "../scripts/train_on.py"
