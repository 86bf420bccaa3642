# data -> training runs, a job each: points in weight space and a table by epoch -> a table of all runs
RUNS = {name for study in RUN_STUDIES.values() for name in study.runs}


rule training_run:
    input:
        data=lambda wildcards: data_files(wildcards.study),
    output:
        points="results/{study}/runs/{run}-{number}.safetensors",
        table="results/{study}/runs/{run}-{number}.csv",
    log:
        "logs/{study}/run-{run}-{number}.log",
    benchmark:
        "logs/{study}/run-{run}-{number}.benchmark.tsv"
    wildcard_constraints:
        study=one_of(RUN_STUDIES),
        run=one_of(RUNS),
        number="[0-9]+",
    priority: 3
    threads: threads_of
    params:
        study="{study}",
        run="{run}",
        number=lambda wildcards: int(wildcards.number),
        batch=lambda wildcards: RUN_STUDIES[wildcards.study].runs[wildcards.run].batch,
        given=given("seed", "device", run_keys),
        threads=threads_of,
        code=code("training_run", run_network),
    script:
        "../scripts/training_run.py"


rule runs_table:
    input:
        points=lambda wildcards: RUN_STUDIES[wildcards.study].run_files(wildcards.study, "safetensors"),
        tables=lambda wildcards: RUN_STUDIES[wildcards.study].run_files(wildcards.study, "csv"),
    output:
        csv="results/tables/runs-{study}.csv",
        md="results/tables/runs-{study}.md",
    log:
        "logs/{study}/runs.log",
    wildcard_constraints:
        study=one_of(RUN_STUDIES),
    priority: 7
    params:
        given=given("studies.{study}.grids", "studies.{study}.seeds"),
        code=code("runs_table"),
    script:
        "../scripts/runs_table.py"
