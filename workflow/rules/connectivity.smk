# data -> many solutions -> all their pairs -> the graph of those that are joined, one job per data set
for study, parameters in CONNECTIVITY_STUDIES.items():

    rule:
        name:
            named("solutions", study)
        input:
            data=data_files(parameters.of),
        output:
            solutions=parameters.solution_files(study, "{dataset}"),
            pairs=f"results/{study}/solutions/{{dataset}}.csv",
        log:
            f"logs/{study}/solutions-{{dataset}}.log",
        benchmark:
            f"logs/{study}/solutions-{{dataset}}.benchmark.tsv"
        priority: 8
        threads: parameters.threads
        params:
            study=study,
            datasets=lambda wildcards: [int(wildcards.dataset)],
            recipe=PATH_STUDIES[parameters.of].solutions.model_copy(
                update=dict(count=parameters.solutions, batch=parameters.batch)
            ),
            given=given(
                *["seed", *NETWORKS, "studies.{of}.solutions", "studies.{study}.solutions", "studies.{study}.batch"],
                study=study,
            ),
            threads=parameters.threads,
            code=code("solutions", "studies.{of}.problem.path", study=study),
        script:
            "../scripts/solutions.py"


rule connect:
    input:
        data=lambda wildcards: data_files(source_of(wildcards.study)),
        solutions=lambda wildcards: CONNECTIVITY_STUDIES[wildcards.study].solution_files(*wildcards),
    output:
        pairs="results/{study}/graph/{dataset}.csv",
    log:
        "logs/{study}/connect-{dataset}.log",
    benchmark:
        "logs/{study}/connect-{dataset}.benchmark.tsv"
    priority: 4
    threads: threads_of
    params:
        study="{study}",
        dataset=lambda wildcards: int(wildcards.dataset),
        given=given(
            *["seed", *NETWORKS, "studies.{of}.trackers.guarded"],
            *["studies.{study}.pairs_at_once", "studies.{study}.line_points"],
        ),
        threads=threads_of,
        code=code("connect", "studies.{of}.problem.path", "studies.{of}.trackers.guarded.tracker"),
    script:
        "../scripts/connect.py"


rule components:
    input:
        pairs=lambda wildcards: [
            f"results/{wildcards.study}/graph/{dataset}.csv"
            for dataset in range(CONNECTIVITY_STUDIES[wildcards.study].datasets)
        ],
    output:
        pairs="results/{study}/pairs.csv",
        components="results/{study}/components.csv",
    log:
        "logs/{study}/components.log",
    benchmark:
        "logs/{study}/components.benchmark.tsv"
    wildcard_constraints:
        study=one_of(CONNECTIVITY_STUDIES),
    priority: 7
    params:
        given=given("studies.{study}.datasets"),
        code=code("components"),
    script:
        "../scripts/components.py"
