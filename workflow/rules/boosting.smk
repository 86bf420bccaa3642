# paths, further training -> better networks, chosen by validation images
for study in BOOSTING_STUDIES:
    parameters = PATH_STUDIES[study]
    for job, pairs in jobs(study, "guarded").items():

        rule:
            name:
                f"boosting_{study}_{job}"
            input:
                data=data_files(study),
                paths=pair_files("paths", study, "guarded", "safetensors", pairs),
                further=pair_files("control", study, "guarded", "safetensors", pairs),
            output:
                tables=pair_files("boosting", study, "guarded", "csv", pairs),
            log:
                f"logs/{study}/boosting-{job}.log",
            benchmark:
                f"logs/{study}/boosting-{job}.benchmark.tsv"
            priority: parameters.priority
            threads: parameters.threads
            resources:
                mem_mb=2000,
            params:
                study=study,
                device=PARAMETERS.device,
                problem=problem_parameters(study),
                boosting=parameters.boosting.model_dump(),
                threads=parameters.threads,
                code=code("boost_paths", parameters.problem.path),
            script:
                "../scripts/boost_paths.py"

    rule:
        name:
            f"tabulate_boosting_{study}"
        input:
            tables=pair_files("boosting", study, "guarded", "csv"),
        output:
            csv=f"results/tables/boosting-{study}.csv",
            md=f"results/tables/boosting-{study}.md",
        log:
            f"logs/{study}/boosting.log",
        threads: 1
        resources:
            mem_mb=1000,
        params:
            study=study,
            threads=1,
            code=code("tabulate_boosting"),
        script:
            "../scripts/tabulate_boosting.py"
