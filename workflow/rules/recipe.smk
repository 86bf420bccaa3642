# data -> how often the published training recipe works
rule readings:
    input:
        data=lambda wildcards: data_files(source_of(wildcards.study)),
    output:
        table="results/{study}/readings.csv",
    log:
        "logs/{study}/readings.log",
    benchmark:
        "logs/{study}/readings.benchmark.tsv"
    priority: 2
    threads: threads_of
    params:
        study="{study}",
        given=given("seed", "device", "studies.{of}.problem", "studies.{study}"),
        threads=threads_of,
        code=code("readings", "studies.{of}.problem.path"),
    script:
        "../scripts/readings.py"
