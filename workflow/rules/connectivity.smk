# data -> many solutions -> all their pairs -> the graph of those that are joined, one job per data set
for study, parameters in CONNECTIVITY_STUDIES.items():
    for dataset in range(parameters.datasets):

        rule:
            name:
                f"solutions_{study}_{dataset}"
            input:
                data=data_files(parameters.of),
            output:
                solutions=graph_solutions(study, dataset),
                pairs=f"results/{study}/solutions/{dataset}.csv",
            log:
                f"logs/{study}/solutions-{dataset}.log",
            benchmark:
                f"logs/{study}/solutions-{dataset}.benchmark.tsv"
            priority: parameters.priority
            threads: parameters.threads
            resources:
                mem_mb=1500,
            params:
                seed=PARAMETERS.seed,
                study=study,
                device=PARAMETERS.device,
                problem=problem_parameters(parameters.of),
                solutions=PATH_STUDIES[parameters.of].solutions.model_dump()
                | dict(count=parameters.solutions, batch=parameters.batch),
                datasets=[dataset],
                threads=parameters.threads,
                code=code("find_solutions", PATH_STUDIES[parameters.of].problem.path),
            script:
                "../scripts/find_solutions.py"

        rule:
            name:
                f"connect_{study}_{dataset}"
            input:
                data=data_files(parameters.of),
                solutions=graph_solutions(study, dataset),
            output:
                pairs=f"results/{study}/graph/{dataset}.csv",
            log:
                f"logs/{study}/connect-{dataset}.log",
            benchmark:
                f"logs/{study}/connect-{dataset}.benchmark.tsv"
            priority: parameters.priority
            threads: parameters.threads
            resources:
                mem_mb=3000,
            params:
                seed=PARAMETERS.seed,
                study=study,
                device=PARAMETERS.device,
                problem=problem_parameters(parameters.of),
                settings=PATH_STUDIES[parameters.of].trackers["guarded"],
                dataset=dataset,
                pairs_at_once=parameters.pairs_at_once,
                line_points=parameters.line_points,
                threads=parameters.threads,
                code=code(
                    "connect_solutions",
                    PATH_STUDIES[parameters.of].trackers["guarded"].tracker,
                    PATH_STUDIES[parameters.of].problem.path,
                ),
            script:
                "../scripts/connect_solutions.py"

    rule:
        name:
            f"components_{study}"
        input:
            pairs=[
                f"results/{study}/graph/{dataset}.csv"
                for dataset in range(parameters.datasets)
            ],
        output:
            pairs=f"results/{study}/pairs.csv",
            components=f"results/{study}/components.csv",
        log:
            f"logs/{study}/components.log",
        benchmark:
            f"logs/{study}/components.benchmark.tsv"
        threads: 1
        resources:
            mem_mb=500,
        params:
            threads=1,
            code=code("collect_components"),
        script:
            "../scripts/collect_components.py"
