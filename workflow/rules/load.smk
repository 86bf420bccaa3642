# training sets of growing size -> solutions -> paths, all in one job per load
for study, parameters in LOAD_STUDIES.items():
    of = PATH_STUDIES[parameters.of]
    sizes = load_sizes(study)
    sets = [f"results/{study}/data/{d}.safetensors" for d in range(parameters.datasets)]

    rule:
        name:
            f"data_{study}"
        output:
            sets,
        log:
            f"logs/{study}/data.log",
        benchmark:
            f"logs/{study}/data.benchmark.tsv"
        threads: 1
        resources:
            mem_mb=1500,
        params:
            seed=PARAMETERS.seed,
            study=study,
            maker=dict(
                path=of.data.path,
                arguments=of.data.arguments | dict(patterns=max(sizes)),
            ),
            threads=1,
            code=code("make_data", of.data.path),
        script:
            "../scripts/make_data.py"

    for alpha, patterns in zip(parameters.loads, sizes):

        rule:
            name:
                f"load_{study}_{patterns}"
            input:
                data=sets,
            output:
                table=f"results/{study}/loads/{patterns}.csv",
            log:
                f"logs/{study}/load-{patterns}.log",
            benchmark:
                f"logs/{study}/load-{patterns}.benchmark.tsv"
            threads: parameters.threads
            resources:
                mem_mb=2500,
            params:
                seed=PARAMETERS.seed,
                study=study,
                device=PARAMETERS.device,
                problem=problem_parameters(parameters.of),
                alpha=alpha,
                patterns=patterns,
                solutions=of.solutions.model_dump()
                | dict(
                    count=parameters.solutions,
                    batch=parameters.batch,
                    rounds=parameters.rounds,
                ),
                trackers={
                    tracker: of.trackers[tracker] for tracker in parameters.trackers
                },
                threads=parameters.threads,
                code=code(
                    "try_load",
                    *[of.trackers[name].tracker for name in parameters.trackers],
                    of.problem.path,
                ),
            script:
                "../scripts/try_load.py"

    rule:
        name:
            f"loads_{study}"
        input:
            load_files(study),
        output:
            table=f"results/{study}/load.csv",
        log:
            f"logs/{study}/loads.log",
        benchmark:
            f"logs/{study}/loads.benchmark.tsv"
        threads: 1
        resources:
            mem_mb=500,
        params:
            threads=1,
            code=code("collect_loads"),
        script:
            "../scripts/collect_loads.py"
