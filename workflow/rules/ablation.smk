# solutions -> which parts of the guarded tracker matter
for study, parameters in ABLATION_STUDIES.items():

    rule:
        name:
            f"ablation_{study}"
        input:
            data=data_files(parameters.of),
            solutions=solution_files(parameters.of),
        output:
            table=f"results/{study}/ablation.csv",
        log:
            f"logs/{study}/ablation.log",
        benchmark:
            f"logs/{study}/ablation.benchmark.tsv"
        threads: parameters.threads
        resources:
            mem_mb=1500,
        params:
            seed=PARAMETERS.seed,
            of=parameters.of,
            device=PARAMETERS.device,
            problem=problem_parameters(parameters.of),
            pairs=pair_names(parameters.of),
            settings=PATH_STUDIES[parameters.of].trackers["guarded"],
            variants=parameters.variants,
            threads=parameters.threads,
            code=code(
                "ablate_guarded",
                PATH_STUDIES[parameters.of].trackers["guarded"].tracker,
                PATH_STUDIES[parameters.of].problem.path,
            ),
        script:
            "../scripts/ablate_guarded.py"
