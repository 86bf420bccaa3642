# data -> solutions: networks with zero training errors, all restarts of a study in one batch
for study in PATH_STUDIES:

    rule:
        name:
            named("solutions", study)
        input:
            data=data_files(study),
            files=PATH_STUDIES[study].given_files,
        output:
            solutions=solution_files(study),
            pairs=f"results/{study}/pairs.csv",
        log:
            f"logs/{study}/solutions.log",
        benchmark:
            f"logs/{study}/solutions.benchmark.tsv"
        priority: 8
        threads: PATH_STUDIES[study].threads
        resources:
            mem_mb=1500,
        params:
            study=study,
            datasets=list(range(PATH_STUDIES[study].data.datasets)),
            recipe=PATH_STUDIES[study].solutions,
            given=given("seed", *NETWORKS, "studies.{study}.solutions", study=study),
            threads=PATH_STUDIES[study].threads,
            script=solutions_script(study),
            code=code(
                solutions_script(study), "studies.{study}.problem.path", study=study
            ),
        script:
            "../scripts/{params.script}.py"
